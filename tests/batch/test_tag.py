import csv
import json

import openpyxl
import pandas as pd
import pytest

import dagbog_nlp as dn
from dagbog_nlp.batch import folder, outputs, run, summary, workbooks
from dagbog_nlp.batch.run import make_plan, tag
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.read import read_cases, read_notes


@pytest.fixture(scope="module")
def keyword_coder():
    return Autocoder(Codebook.load())


@pytest.fixture(scope="module")
def sample(root):
    return root / "data_samples"


@pytest.mark.parametrize("single_up_to", [0, 20_000])
def test_the_codings_are_what_the_coder_says_of_all_notes(
    tmp_path, sample, keyword_coder, monkeypatch, single_up_to
):
    monkeypatch.setattr(run, "SINGLE_FILE_NOTES", single_up_to)
    tagged = tag(sample / "notater.csv", tmp_path / "r", coder=keyword_coder, chunk_notes=90, workbooks=False)
    expected = keyword_coder.code(read_notes(sample / "notater.csv"))
    pd.testing.assert_frame_equal(tagged.codings(), expected)
    assert (tmp_path / "r" / "codings.parquet").is_dir() == (single_up_to == 0)
    assert len(pd.read_parquet(tmp_path / "r" / "notes.parquet")) == 396
    assert not (tmp_path / "r" / ".parts").exists()


def test_the_profiles_are_what_profile_cases_says(tmp_path, sample, keyword_coder, monkeypatch):
    monkeypatch.setattr(summary, "PROFILED_NOTES", 60)
    tagged = tag(
        sample / "notater.csv",
        tmp_path / "r",
        cases=sample / "sager.csv",
        coder=keyword_coder,
        workbooks=False,
    )
    notes, cases = read_notes(sample / "notater.csv"), read_cases(sample / "sager.csv")
    codes = tagged.profiles()["code"].unique().tolist()
    expected = dn.profile_cases(keyword_coder.code(notes), notes, cases, codes=codes)
    pd.testing.assert_frame_equal(pd.DataFrame(tagged.profiles()), pd.DataFrame(expected))


@pytest.mark.parametrize("with_cases", [True, False])
def test_cases_spread_over_all_parts_are_profiled_together(year, plain_coder, monkeypatch, with_cases):
    monkeypatch.setattr(run, "SINGLE_FILE_NOTES", 0)
    reads, real = [], folder._read
    monkeypatch.setattr(folder, "_read", lambda *args: reads.append(args[0]) or real(*args))
    options = {"coder": plain_coder(), "chunk_notes": 7, "workbooks": False}
    if with_cases:
        pd.DataFrame({"Sag": ["tom", *(f"S{number}" for number in (7, 3, 0, 8, 1)), "også tom"]}).to_csv(
            year / "sager.csv", index=False
        )
        options["cases"] = year / "sager.csv"
    counts, tables = [], []
    for size in (15, 50_000):
        monkeypatch.setattr(summary, "PROFILED_NOTES", size)
        reads.clear()
        tables.append(pd.DataFrame(tag(year / "notater.csv", year / str(size), **options).profiles()))
        counts.append(len(reads))
    notes, cases = read_notes(year / "notater.csv"), options.get("cases")
    expected = dn.profile_cases(
        plain_coder().code(notes), notes, cases and read_cases(cases), codes=tables[0]["code"].unique()
    )
    for table in tables:
        pd.testing.assert_frame_equal(table, pd.DataFrame(expected))
    assert counts[0] == counts[1]


def test_what_a_killed_run_left_while_it_profiled_is_removed(year, plain_coder):
    options = {"coder": plain_coder(), "workbooks": False}
    tag(year / "notater.csv", year / "r", **options)
    (year / "r" / ".piles").mkdir()
    (year / "r" / ".piles" / "notes-0.arrow").write_bytes(b"half")
    tag(year / "notater.csv", year / "r", **options)
    assert not (year / "r" / ".piles").exists()


def test_what_a_run_leaves(year, plain_coder):
    out = year / "r"
    tagged = tag(year / "notater.csv", out, cases=year / "sager.csv", coder=plain_coder())
    left = {path.name for path in out.iterdir()} - {".lock"}
    assert left == {
        *("codings.parquet", "notes.parquet", "profiles.parquet", "codings.xlsx", "profiles.xlsx"),
        *("run.json", "manifest.json", "progress.jsonl"),
    }
    facts = json.loads((out / "run.json").read_text("utf-8"))
    assert facts == tagged.summary
    assert facts["model"] == "m1"
    assert facts["counts"]["coded"] == 100
    assert facts["counts"]["codings"] == len(tagged.codings())
    assert facts["counts"]["cases"] == 10
    assert "text" not in pd.read_parquet(out / "notes.parquet")
    assert "Mor ringer" not in (out / "run.json").read_text("utf-8") + (out / "progress.jsonl").read_text(
        "utf-8"
    )


def test_the_cases_with_most_doubt(year, plain_coder):
    tagged = tag(year / "notater.csv", year / "r", coder=plain_coder(), workbooks=False)
    doubts = tagged.codings().query("code == @outputs.DOUBT").groupby("case_id").size()
    assert tagged.most_doubt["sentences"].tolist() == sorted(doubts, reverse=True)[:5]
    assert tagged.codes.set_index("code").loc[outputs.DOUBT, "codings"] == doubts.sum()


def test_the_workbook_of_codings(year, plain_coder):
    frame = pd.DataFrame(
        {"Sag": ["=1+1"], "Notat-id": ["N1"], "Dato": ["03-02-2023"], "Tekst": ["=cmd() er ikke en formel."]}
    )
    frame.to_csv(year / "n.csv", sep=";", index=False)
    tag(year / "n.csv", year / "r", coder=plain_coder())
    sheet = openpyxl.load_workbook(year / "r" / "codings.xlsx").active
    heading = [cell.value for cell in sheet[1]]
    first = dict(zip(heading, sheet[2], strict=True))
    assert first["Sætning"].value == "=cmd() er ikke en formel."
    assert {first["Sætning"].data_type, first["Sag"].data_type} == {"s"}
    assert first["Dato"].value.isoformat() == "2023-02-03T00:00:00"
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.column_dimensions["F"].width > 60


def test_the_workbook_of_profiles(year, plain_coder):
    tagged = tag(year / "notater.csv", year / "r", cases=year / "sager.csv", coder=plain_coder())
    book = openpyxl.load_workbook(year / "r" / "profiles.xlsx")
    wide = pd.DataFrame(book["Sager"].values)
    wide = wide[1:].set_axis(wide.iloc[0], axis=1)
    expected = tagged.profiles().wide()
    assert wide["Sag"].tolist() == expected.index.tolist()
    assert wide[outputs.DOUBT].tolist() == expected[outputs.DOUBT].tolist()
    assert wide["Målopnåelse"].tolist() == ["i mål", "på vej"] * 5
    assert book["Sager og koder"].max_row == len(tagged.profiles()) + 1


def test_more_rows_than_excel_takes_are_left_out_and_said(year, plain_coder, monkeypatch):
    for module in (outputs, workbooks):
        monkeypatch.setattr(module, "EXCEL_ROWS", 12)
    tagged = tag(year / "notater.csv", year / "r", coder=plain_coder())
    assert not (year / "r" / "codings.xlsx").exists()
    assert tagged.summary["left_out_for_excel"] == ["profiles.xlsx: Sager og koder", "codings.xlsx"]


def test_bad_notes_go_to_exceptions_and_the_run_goes_on(year, plain_coder):
    with (year / "notater.csv").open("a", encoding="utf-8") as stream:
        stream.write(
            "S1;N00001;03-02-2023;Hemmeligt\nS1;=N9;31-02-2023;Hemmeligt\n;N8;03-02-2023;Hemmeligt\n"
        )
    tagged = tag(
        year / "notater.csv", year / "r", coder=plain_coder(fails_on=["N00004", "N00061"]), chunk_notes=10
    )
    text = (year / "r" / "exceptions.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(text.splitlines(), delimiter=";"))
    found = [(row["note_id"], row["reason"]) for row in rows]
    assert found == [
        ("N00004", "kodningen mislykkedes (ValueError)"),
        ("N00061", "kodningen mislykkedes (ValueError)"),
        ("N00001", "note_id er brugt før"),
        ("'=N9", "datoen findes ikke"),
        ("N8", "notatet har ingen sag"),
    ]
    assert [int(row["row"]) for row in rows][:3] == [6, 63, 102]
    assert tagged.summary["counts"]["coded"] == 98
    assert tagged.summary["counts"]["exceptions"] == 5
    assert "Hemmeligt" not in text
    assert "Mor ringer" not in text


def test_a_coder_that_fails_on_everything_stops_the_run_without_telling_a_text(year, plain_coder):
    everything = [f"N{number:05d}" for number in range(100)]
    with pytest.raises(Exception, match="no note could be coded") as caught:
        tag(year / "notater.csv", year / "r", coder=plain_coder(fails_on=everything), chunk_notes=10)
    assert "Mor ringer" not in str(caught.value)


def test_strict_stops_before_anything_is_written(year, plain_coder):
    with (year / "notater.csv").open("a", encoding="utf-8") as stream:
        stream.write("S1;N00001;03-02-2023;Hemmeligt\n")
    with pytest.raises(InputError, match="row 102, note_id N00001: note_id er brugt før"):
        tag(year / "notater.csv", year / "r", coder=plain_coder(), strict=True)
    assert not (year / "r").exists()


def test_notes_of_cases_without_case_data_are_coded_and_counted(year, plain_coder):
    pd.DataFrame({"Sag": ["S1", "S77"]}).to_csv(year / "sager.csv", index=False)
    tagged = tag(
        year / "notater.csv", year / "r", cases=year / "sager.csv", coder=plain_coder(), workbooks=False
    )
    assert tagged.summary["notes_without_case_data"] == 90
    assert tagged.profiles()["case_id"].unique().tolist() == ["S1", "S77"]


def test_nothing_is_coded_again_when_nothing_changed(year, plain_coder):
    calls = []
    coder = plain_coder(before=lambda notes: calls.append(len(notes)))
    tag(year / "notater.csv", year / "r", coder=coder, workbooks=False)
    tagged = tag(year / "notater.csv", year / "r", coder=coder, workbooks=False)
    assert calls == [100]
    assert tagged.summary["counts"]["chunks_of_an_earlier_run"] == 1


@pytest.mark.parametrize("change", ["input", "model", "chunk_notes", "order"])
def test_a_changed_run_is_refused_or_recoded_by_choice(year, plain_coder, change):
    (year / "b.csv").write_text("sag;notat_id;dato;tekst\nS1;X1;03-02-2023;Far ringer.\n", "utf-8")
    source = [year / "notater.csv", year / "b.csv"]
    tag(source, year / "r", coder=plain_coder(), workbooks=False)
    before = (year / "r" / "codings.parquet").read_bytes()
    model = "m2" if change == "model" else "m1"
    if change == "input":
        (year / "b.csv").write_text("sag;notat_id;dato;tekst\nS1;X1;03-02-2023;Far skriver.\n", "utf-8")
    if change == "order":
        source.reverse()
    options = {"coder": plain_coder(model=model), "chunk_notes": 7 if change == "chunk_notes" else 500}
    named = {"input": "b.csv", "order": "the order of the files"}.get(change, change)
    with pytest.raises(InputError, match=f"different now: {named}"):
        tag(source, year / "r", workbooks=False, **options)
    assert (year / "r" / "codings.parquet").read_bytes() == before
    again = tag(source, year / "r", on_change="recode", workbooks=False, **options)
    fresh = tag(source, year / "fresh", workbooks=False, **options)
    pd.testing.assert_frame_equal(again.codings(), fresh.codings())


def test_results_of_something_else_are_never_overwritten(year, plain_coder):
    (year / "r").mkdir()
    (year / "r" / "codings.parquet").write_bytes(b"another program's")
    for choice in ("refuse", "recode"):
        with pytest.raises(InputError, match="no manifest"):
            tag(year / "notater.csv", year / "r", coder=plain_coder(), on_change=choice)


def test_two_processes_give_the_same_bytes_as_one(tmp_path, sample, keyword_coder, files_of):
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        tag(sample / "notater.csv", out, coder=keyword_coder, n_jobs=jobs, chunk_notes=60, workbooks=False)
    assert files_of(tmp_path / "1") == files_of(tmp_path / "2")


def test_a_worker_loads_the_model_from_its_folder(tmp_path, sample, fast_coder):
    expected = fast_coder.code(read_notes(sample / "notater.csv").head(40))
    pd.read_csv(sample / "notater.csv", sep=";").head(40).to_csv(tmp_path / "n.csv", sep=";", index=False)
    tagged = tag(
        tmp_path / "n.csv", tmp_path / "r", coder=fast_coder, n_jobs=2, chunk_notes=20, workbooks=False
    )
    pd.testing.assert_frame_equal(tagged.codings(), expected)


def test_a_plan_says_what_would_be_done_and_how_long_it_takes(year, plain_coder):
    plan = make_plan(year / "notater.csv", plain_coder(seconds=0.1), chunk_notes=10)
    assert (plan.stream.notes, len(plan.stream.chunks)) == (100, 10)
    assert 0.5 < plan.seconds(plain_coder(seconds=0.1)) < 5
    assert {path.name for path in year.iterdir()} == {"notater.csv", "sager.csv"}


def test_a_table_is_no_source(plain_coder, tmp_path):
    with pytest.raises(InputError, match="not files"):
        tag(pd.DataFrame(), tmp_path / "r", coder=plain_coder())
