import pandas as pd
import pytest
from typer.testing import CliRunner

from dagbog_nlp.cli_cases import app
from dagbog_nlp.cli_files import write_table
from dagbog_nlp.errors import InputError


@pytest.fixture(scope="module")
def files(published, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sager")
    cases, notes, codings = published
    cases.to_csv(folder / "sager.csv", index=False)
    notes.to_csv(folder / "notater.csv", index=False)
    codings.to_parquet(folder / "kodninger.parquet")
    return folder


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_profile_writes_a_row_per_case_and_code(files, tmp_path):
    run("profile", files / "notater.csv", files / "kodninger.parquet", "--out", tmp_path / "p.parquet")
    table = pd.read_parquet(tmp_path / "p.parquet")
    assert len(table) == 51 * table["code"].nunique()
    run("profile", files / "notater.csv", files / "kodninger.parquet", "--wide", "--out", tmp_path / "p.csv")
    assert len(pd.read_csv(tmp_path / "p.csv", sep=";", encoding="utf-8-sig")) == 51


def test_tables_writes_protected_tables(files, tmp_path):
    words = ("tables", files / "notater.csv", files / "kodninger.parquet", files / "sager.csv")
    run(*words, "--out", tmp_path / "ud")
    csv = (tmp_path / "ud" / "tabel_3_problemgrad.csv").read_text("utf-8-sig")
    assert "Svær;6 (30%);5 (36%);7 (41%);18 (35%)" in csv and "1 (7%)" not in csv
    assert len(list((tmp_path / "ud").iterdir())) == 4 * 3
    run(*words, "--out", tmp_path / "raa", "--raw", "--language", "en")
    assert "Mild;10 (50%);1 (7%);3 (18%)" in (tmp_path / "raa" / "tabel_3_problemgrad.csv").read_text(
        "utf-8-sig"
    )


def test_tables_of_results_are_written_by_ending(tmp_path):
    table = pd.DataFrame({"case_id": ["=A1"], "share": [0.5]})
    write_table(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text("utf-8-sig") == "case_id;share\n'=A1;0,5\n"
    write_table(table, tmp_path / "t.xlsx")
    assert pd.read_excel(tmp_path / "t.xlsx")["case_id"].tolist() == ["=A1"]
    with pytest.raises(InputError, match="kind of file"):
        write_table(table, tmp_path / "t.doc")
