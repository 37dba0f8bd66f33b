"""The three commands as a person in a shell uses them."""

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from dagbog_nlp.cli_review import app
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import InputError
from dagbog_nlp.exchange.qdpx_read import read_qdpx
from dagbog_nlp.notes.read import read_notes


@pytest.fixture
def files(tmp_path, notes, codings, cases):
    notes.to_parquet(tmp_path / "notater.parquet")
    codings.to_parquet(tmp_path / "kodninger.parquet")
    cases.drop(columns="problems").to_csv(tmp_path / "sager.csv", index=False)
    return tmp_path


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


def test_exchange_out_and_in(files, codings):
    out = files / "aar.qdpx"
    run("exchange", files / "notater.parquet", "--codings", files / "kodninger.parquet", "--cases",
        files / "sager.csv", "--out", out, "--target", "nvivo")  # fmt: skip
    assert len(read_notes(out)) == 4
    said = run("exchange", out, "--notes", files / "notater.parquet", "--out", files / "tilbage.csv")
    assert "7 kodninger fra 4 notater" in said.output
    back = pd.read_csv(files / "tilbage.csv", sep=";", encoding="utf-8-sig")
    assert set(back["coding_id"]) == set(codings["coding_id"])


@pytest.mark.parametrize("name", ["opgaver.json", "noter.jsonl"])
def test_exchange_with_annotation_tools(files, name):
    run(
        "exchange", files / "notater.parquet", "--codings", files / "kodninger.parquet", "--out", files / name
    )
    said = run("exchange", files / name, "--notes", files / "notater.parquet", "--out", files / "ind.parquet")
    assert "7 kodninger" in said.output


def test_a_month_at_a_time(files):
    run("exchange", files / "notater.parquet", "--codings", files / "kodninger.parquet", "--out",
        files / "aar.qdpx", "--split", "month")  # fmt: skip
    assert len(read_qdpx(files / "aar-2024-03.qdpx").notes) == 1


def test_codebooks_change_their_form(files):
    run("exchange", files / "kodebog.yaml", "--out", files / "kodebog.qdc", code=1)
    Codebook.load().save(files / "kodebog.yaml")
    run("exchange", files / "kodebog.yaml", "--out", files / "kodebog.qdc")
    run("exchange", files / "kodebog.qdc", "--out", files / "kodebog.xlsx")
    run("exchange", files / "kodebog.qdc", "--out", files / "tilbage.yaml")
    assert Codebook.load(files / "tilbage.yaml").codes == Codebook.load().codes


def test_review_out_filled_and_merged(files):
    book = files / "gennemgang.xlsx"
    run("review", files / "notater.parquet", "--codings", files / "kodninger.parquet", "--budget", "0",
        "--reviewer", "Anna", "--out", book)  # fmt: skip
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["Gennemgang"]
    sheet["K2"].value, sheet["K3"].value = "nej", "ja"
    assert sheet["K1"].value == "Dom"
    workbook.save(book)
    said = run("review", files / "notater.parquet", "--codings", files / "kodninger.parquet",
               "--decisions", book, "--out", files / "rettet.csv")  # fmt: skip
    assert "1 accepted" in said.output
    assert len(pd.read_csv(files / "rettet-beslutninger.csv", sep=";", encoding="utf-8-sig")) == 2


def test_agree_between_two_coders_of_one_file(files):
    words = ("agree", files / "notater.parquet", files / "kodninger.parquet", files / "kodninger.parquet")
    said = run(*words, "--coder-a", "Anna", "--coder-b", "Bo", "--out", files / "enighed.csv")
    assert "alle koder" in said.output
    table = pd.read_csv(files / "enighed.csv", sep=";", decimal=",", encoding="utf-8-sig")
    assert table.set_index("code").loc["negativ_alliance", "kappa"] == 1
    result = run(*words, "--coder-a", "Carl", code=1)
    assert isinstance(result.exception, InputError)
    assert "no coder Carl" in str(result.exception)
