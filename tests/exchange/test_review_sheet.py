"""The Excel review book: what it shows, what it locks, and what it takes back."""

import zipfile

import openpyxl
import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError, InputError
from dagbog_nlp.exchange.review_files import read_review, write_review
from dagbog_nlp.tables import check_codings, check_notes


@pytest.fixture
def notes():
    texts = [
        "=HYPERLINK(1) råbte far. Mor gik. Så blev der stille.",
        "Far aflyste i dag.",
        "Vi ses i morgen.",
    ]
    return check_notes(
        pd.DataFrame({"case_id": "S1", "note_id": ["N1", "N2", "N3"], "date": "2024-03-01", "text": texts})
    )


@pytest.fixture
def codings(notes):
    rows = [
        ("N1", 0, 24, "negativ_alliance/udtrykker_vrede", 0.61, "classifier", False),
        ("N1", 0, 24, "relationsarbejde/reaktion", 1.0, "keyword", False),
        ("N1", 25, 33, "relationsarbejde/gråd", 1.0, "keyword", True),
        ("N2", 0, 18, "negativ_alliance/aflyser_aftale", 0.9, "classifier", False),
    ]
    columns = ["note_id", "start", "end", "code", "score", "source", "negated"]
    frame = pd.DataFrame(rows, columns=columns).assign(case_id="S1", coder="maskine")
    return check_codings(frame.assign(cue_start=frame["start"] + 14, cue_end=frame["start"] + 19), notes)


@pytest.fixture
def queue(codings):
    places = codings.loc[~codings["negated"], ["case_id", "note_id", "start", "end"]].drop_duplicates()
    extra = pd.DataFrame(
        {"case_id": "S1", "note_id": ["N3"], "start": [0], "end": [16], "reason": ["random"]}
    )
    return pd.concat([places.assign(reason="uncertain"), extra], ignore_index=True)


@pytest.fixture
def book(tmp_path, notes, codings, queue):
    return write_review(
        tmp_path / "review.xlsx", notes, codings, queue=queue, codebook=Codebook.load(), reviewer="Anna"
    )


def fill(path, answers):
    """Answer rows (2 is the first) as a person would: {(row, heading): value}."""
    book = openpyxl.load_workbook(path)
    sheet = book["Gennemgang"]
    column = {cell.value: cell.column for cell in sheet[1]}
    for (row, heading), value in answers.items():
        sheet.cell(row, column[heading]).value = value
    book.save(path)


def verdicts(review):
    return review.decisions[["note_id", "code", "verdict"]].fillna("").values.tolist()


def test_every_kind_of_answer_is_read(book, notes):
    fill(
        book,
        {
            (2, "Dom"): "ja", (2, "Anden kode"): "Gråd; Mistillidshandling", (2, "Kommentar"): "tydeligt",
            (3, "Dom"): "nej",
            (4, "Dom"): "anden kode", (4, "Anden kode"): "Alliancebrud", (4, "Bedømt af"): "Bo",
            (5, "Dom"): "Ja",
        },
    )  # fmt: skip
    review = read_review(book, notes=notes)
    assert verdicts(review) == [
        ["N1", "negativ_alliance/udtrykker_vrede", "accepted"],
        ["N1", "relationsarbejde/gråd", "added"],
        ["N1", "negativ_alliance/mistillidshandling", "added"],
        ["N1", "relationsarbejde/reaktion", "rejected"],
        ["N2", "negativ_alliance/aflyser_aftale", "rejected"],
        ["N2", "negativ_alliance/alliancebrud", "added"],
        ["N3", "", "none"],
    ]
    assert review.decisions["reviewer"].tolist() == ["Anna"] * 4 + ["Bo"] * 2 + ["Anna"]
    assert review.decisions["comment"].iloc[0] == "tydeligt"
    assert review.decisions["reviewed_at"].notna().all()
    assert review.exceptions.empty
    assert not review.blind


def test_a_half_finished_book_gives_what_is_there(book, notes):
    fill(book, {(3, "Dom"): "nej"})
    assert verdicts(read_review(book, notes=notes)) == [["N1", "relationsarbejde/reaktion", "rejected"]]


def test_answers_that_make_no_sense_are_listed_by_row(book):
    fill(
        book,
        {(2, "Dom"): "måske", (3, "Dom"): "anden kode", (4, "Dom"): "ja", (4, "Anden kode"): "Hvadsomhelst",
         (5, "Dom"): "nej"},
    )  # fmt: skip
    review = read_review(book)
    assert verdicts(review) == [["N2", "negativ_alliance/aflyser_aftale", "accepted"]]
    assert review.exceptions["problem"].tolist() == [
        "row 2: the verdict is none of ja, nej, anden kode",
        "row 3: another code is asked for and none is given",
        "row 4: the code is not on the list",
        "row 5: another code is asked for and none is given",
    ]


def test_edited_ids_and_lost_rows_are_noticed(book):
    fill(
        book, {(2, "Dom"): "ja", (2, "slut"): "9", (3, "Dom"): "ja", (3, "kodesti"): "gråd", (4, "Dom"): "ja"}
    )
    workbook = openpyxl.load_workbook(book)
    workbook["Gennemgang"].delete_rows(5)
    workbook.save(book)
    review = read_review(book)
    assert verdicts(review) == [["N2", "negativ_alliance/aflyser_aftale", "accepted"]]
    assert review.exceptions["problem"].tolist() == [
        "row 2: its ids were edited",
        "row 3: its ids were edited",
        "the book has 3 rows where 4 were written",
    ]


def test_the_book_is_danish_locked_and_without_formulas(book):
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["Gennemgang"]
    heading = [cell.value for cell in sheet[1]]
    first = dict(zip(heading, sheet[2], strict=True))
    assert {"Sætning", "Sætningen før", "Sætningen efter", "Kode", "Sikkerhed", "Grund", "Dom"} <= set(
        heading
    )
    assert first["Sætning"].value == "=HYPERLINK(1) råbte far."
    assert first["Sætning"].data_type == "s" or first["Sætning"].quotePrefix
    assert b"<f>" not in b"".join(zipfile.ZipFile(book).read(n) for n in zipfile.ZipFile(book).namelist())
    assert sheet.protection.sheet
    assert first["nøgle"].protection.locked
    assert not first["Dom"].protection.locked
    assert first["Grund"].value == "klassifikator: »råbte«"
    assert first["Sætningen efter"].value == "Mor gik."
    assert [cell.value for cell in sheet["H"]][1:] == [
        "Udtrykker vrede",
        "Reaktion",
        "Aflyser aftale",
        "(ingen kode)",
    ]
    lists = {rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert '"ja,nej,anden kode"' in lists
    assert workbook["_dagbog"].sheet_state == "hidden"


def test_a_blind_book_asks_without_suggesting(tmp_path, notes, codings, queue):
    path = write_review(
        tmp_path / "blind.xlsx",
        notes,
        codings,
        queue=queue,
        codebook=Codebook.load(),
        blind=True,
        reviewer="Bo",
    )
    headings = {cell.value for cell in openpyxl.load_workbook(path)["Gennemgang"][1]}
    assert not {"Kode", "Sikkerhed", "Grund", "Dom"} & headings
    fill(path, {(2, "Kode 1"): "Udtrykker vrede", (2, "Kode 2"): "Gråd", (3, "Kode 1"): "ingen kode"})
    review = read_review(path, notes=notes)
    assert review.blind
    assert verdicts(review) == [
        ["N1", "negativ_alliance/udtrykker_vrede", "added"],
        ["N1", "relationsarbejde/gråd", "added"],
        ["N2", "", "none"],
    ]
    assert review.codings()["coder"].tolist() == ["Bo", "Bo"]


def test_a_negated_use_is_asked_about_and_said_to_be_negated(tmp_path, notes, codings):
    path = write_review(tmp_path / "r.xlsx", notes, codings)
    sheet = openpyxl.load_workbook(path)["Gennemgang"]
    reasons = [cell.value for cell in sheet["J"]]
    assert [reason.startswith("nøgleord, benægtet") for reason in reasons].count(True) == 1
    assert sheet.max_row == 5


def test_nothing_to_review_and_strange_queues_are_said(tmp_path, notes, codings, queue):
    with pytest.raises(InputError, match="nothing to review"):
        write_review(tmp_path / "r.xlsx", notes, codings.iloc[:0])
    with pytest.raises(InputError, match="queued sentence") as caught:
        write_review(tmp_path / "r.xlsx", notes, codings, queue=queue.assign(end=900))
    assert caught.value.note_id is not None


def test_other_workbooks_are_refused(tmp_path):
    path = tmp_path / "andet.xlsx"
    pd.DataFrame({"a": [1]}).to_excel(path, index=False)
    with pytest.raises(ExchangeError, match="no review book"):
        read_review(path)
    path.write_bytes(b"PK hemmelig")
    with pytest.raises(ExchangeError, match="not a readable zip") as caught:
        read_review(path)
    assert "hemmelig" not in str(caught.value)
    with pytest.raises(ExchangeError, match=r"\.xlsx or \.json"):
        read_review(tmp_path / "svar.csv")
