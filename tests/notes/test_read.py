"""Reading notes and cases: the files that offices have, and the mistakes that are in them."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dagbog_nlp as dn
from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.read import parse_date
from dagbog_nlp.tables import DATE, NOTES

HEADING = "sag;notat_id;dato;opmærksomhedspunkt;tekst"
SECRET = "Mor fortæller om Kasper"


def write(path, *rows, encoding="utf-8-sig", heading=HEADING):
    path.write_bytes("\r\n".join([heading, *rows, ""]).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_csv_of_any_office(tmp_path, encoding, delimiter):
    rows = ['A;1;03-02-2024;Netværk;"Første linje: æøå.\nAnden ""linje"""']
    path = write(
        tmp_path / "n.csv",
        *[row.replace(";", delimiter) for row in rows],
        encoding=encoding,
        heading=HEADING.replace(";", delimiter),
    )
    notes = dn.read_notes(path)
    assert notes.loc[0, "text"] == 'Første linje: æøå.\nAnden "linje"'
    assert notes.loc[0, "date"] == pd.Timestamp(2024, 2, 3)
    assert list(notes.columns) == ["case_id", "note_id", "date", "text", "focus"]
    assert notes.dtypes["date"] == DATE


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("03-02-2024", dt.datetime(2024, 2, 3)),
        ("3/2/24", dt.datetime(2024, 2, 3)),
        ("03.02.2024 kl. 14.30", dt.datetime(2024, 2, 3, 14, 30)),
        ("2024-02-03", dt.datetime(2024, 2, 3)),
        ("2024-02-03T14:30:00+01:00", dt.datetime(2024, 2, 3, 14, 30)),
        ("45325", dt.datetime(2024, 2, 3)),
        (45325.0, dt.datetime(2024, 2, 3)),
        ("12-05-99", dt.datetime(1999, 5, 12)),
        ("31-02-2024", None),
        ("tirsdag", None),
        ("99999", None),
    ],
)
def test_dates(written, wanted):
    assert parse_date(written) == wanted


@given(st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1)))
def test_every_way_to_write_a_date_gives_the_same_date(date):
    wanted = dt.datetime(date.year, date.month, date.day)
    for form in ("%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d"):
        assert parse_date(date.strftime(form)) == wanted
    assert parse_date((wanted - dt.datetime(1899, 12, 30)).days) == wanted


def test_xlsx_parquet_pandas_and_polars_give_the_same_table(tmp_path):
    frame = pd.DataFrame(
        {
            "Sag": ["A", "B"],
            "Notat-ID": [1, 2],
            "Dato": pd.to_datetime(["2024-02-03", "2024-02-04"]),
            "Tekst": ["En.", None],
            "Ekstra": [1, 2],
        }
    )
    frame.to_excel(tmp_path / "n.xlsx", index=False)
    frame.to_parquet(tmp_path / "n.parquet")
    wanted = dn.read_notes(frame)
    assert wanted["text"].tolist() == ["En.", ""]
    assert wanted["note_id"].tolist() == ["1", "2"]
    for source in (tmp_path / "n.xlsx", str(tmp_path / "n.parquet"), pl.from_pandas(frame)):
        pd.testing.assert_frame_equal(dn.read_notes(source), wanted)


def test_own_headings():
    frame = pd.DataFrame({"Journal": ["A"], "Nr": ["1"], "Dato": ["2024-01-01"], "Tekst": ["x"]})
    notes = dn.read_notes(frame, columns={"Journal": "case_id", "Nr": "note_id"})
    assert notes[["case_id", "note_id"]].values.tolist() == [["A", "1"]]
    with pytest.raises(InputError, match="no column Sagsnr"):
        dn.read_notes(frame, columns={"Sagsnr": "case_id"})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            f"A;1;31-02-2024;Netværk;{SECRET}",
            "row 3, case_id A, note_id 1: the date in column date does not exist",
        ),
        (f";1;01-02-2024;Netværk;{SECRET}", "row 3, note_id 1: case_id is blank"),
        (f"A;;01-02-2024;Netværk;{SECRET}", "row 3, note_id : note_id is blank"),
        (f"A;0;01-02-2024;Netværk;{SECRET}", "row 3, note_id 0: this note_id occurs twice"),
        (f"A;1;01-02-2024;Netværk;{SECRET};mere", "row 3: the row has 6 fields, the heading 5"),
    ],
)
def test_a_bad_row_is_named_and_its_text_is_not(tmp_path, row, message):
    path = write(tmp_path / "notater.csv", f"A;0;01-02-2024;Netværk;{SECRET}", row)
    with pytest.raises(InputError) as caught:
        dn.read_notes(path)
    assert str(caught.value).startswith(f"notater.csv, {message}")
    assert "To fix it" in str(caught.value)
    assert "Kasper" not in str(caught.value)


def test_bad_files_are_named(tmp_path):
    (tmp_path / "tom.csv").write_bytes(b"")
    (tmp_path / "kun_overskrift.csv").write_text(HEADING)
    (tmp_path / "dobbelt.csv").write_text("sag;sagsnr;notat_id;dato;tekst\nA;A;1;01-01-2024;x\n")
    (tmp_path / "mangler.csv").write_text("sag;dato;tekst\nA;01-01-2024;x\n")
    (tmp_path / "skrald.xlsx").write_bytes(b"not a workbook")
    (tmp_path / "skrald.parquet").write_bytes(b"not parquet")
    (tmp_path / "noter.docx").write_bytes(b"x")
    for name, problem in {
        "tom.csv": "the file is empty",
        "kun_overskrift.csv": "there are no notes",
        "dobbelt.csv": "the columns sag, sagsnr all mean case_id",
        "mangler.csv": "the notes lack the column",
        "skrald.xlsx": "the Excel file or sheet cannot be read",
        "skrald.parquet": "the parquet file cannot be read",
        "noter.docx": "files ending in .docx are not read",
        "findes_ikke.csv": "there is no such file",
    }.items():
        with pytest.raises(InputError, match=problem) as caught:
            dn.read_notes(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(InputError, match="cannot read a int"):
        dn.read_notes(3)


def test_text_that_is_not_text():
    frame = pd.DataFrame({"sag": ["A"], "notat_id": ["1"], "dato": ["2024-01-01"], "tekst": [7]})
    with pytest.raises(InputError, match="note_id 1: the text is not text"):
        dn.read_notes(frame)


def test_half_a_surrogate_pair_is_refused():
    frame = pd.DataFrame({"sag": ["A"], "notat_id": ["1"], "dato": ["2024-01-01"]})
    frame["tekst"] = pd.Series(["Mor \ud83d ringer"], dtype=object)
    with pytest.raises(InputError, match="note_id 1: the text holds half of a surrogate pair"):
        dn.read_notes(frame)


def test_blank_notes_and_dates_are_kept():
    frame = pd.DataFrame(
        {"sag": ["A"] * 3, "notat_id": [1, 2, 3], "dato": ["", None, "2024-01-01"], "tekst": ["", "  ", None]}
    )
    notes = dn.read_notes(frame)
    assert len(notes) == 3
    assert notes["date"].isna().tolist() == [True, True, False]
    assert set(NOTES) <= set(notes.columns)


def test_cases():
    frame = pd.DataFrame(
        {
            "Sag": ["A", "B"],
            "Målopnåelse": ["I mål", ""],
            "Problemgrad": ["svær", "Let"],
            "Problemkategori": ["barnstruktur, forældrekonflikt", ""],
            "Indskrevet": ["01-02-2023", ""],
            "Bevillinger": ["2", ""],
            "Netværksmøde": ["ja", "nej"],
        }
    )
    cases = dn.read_cases(frame)
    assert cases.loc[0, "goal_attainment"] == "i mål"
    assert cases.loc[0, "problems"] == ["barnstruktur", "forældrekonflikt"]
    assert cases["grants"].tolist() == [2, pd.NA]
    assert cases["network_meeting"].tolist() == [True, False]
    with pytest.raises(InputError, match="case_id A: goal_attainment is none of"):
        dn.read_cases(frame.assign(Målopnåelse="måske"))
    with pytest.raises(InputError, match="grants is not a whole number"):
        dn.read_cases(frame.assign(Bevillinger=["to", "1"]))
    with pytest.raises(InputError, match="network_meeting is neither"):
        dn.read_cases(frame.assign(Netværksmøde=["måske", "ja"]))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), min_size=1))
def test_a_text_survives_the_csv_unchanged(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("csv") / "n.csv"
    quoted = text.replace('"', '""')
    write(path, f'A;1;01-02-2024;Netværk;"{quoted}"', encoding="utf-8")
    assert dn.read_notes(path).loc[0, "text"] == text


def test_identifiers_are_text_even_when_excel_made_them_numbers():
    frame = pd.DataFrame({"sag": [1.0, np.nan], "notat_id": [1, 2], "dato": ["", ""], "tekst": ["", ""]})
    with pytest.raises(InputError, match="row 3, note_id 2: case_id is blank"):
        dn.read_notes(frame)
    assert dn.read_notes(frame.assign(sag=[1.0, 2.0]))["case_id"].tolist() == ["1", "2"]
