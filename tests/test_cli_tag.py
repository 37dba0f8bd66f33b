import json
import re
import shlex

import pytest
from typer.testing import CliRunner

from dagbog_nlp import cli_tag
from dagbog_nlp.batch import run as run_module
from dagbog_nlp.batch.folder import RunStopped
from dagbog_nlp.cli import app
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.errors import InputError

HEADING = "sag;notat_id;dato;tekst\n"
NOTES = [
    "S1;N1;03-02-2023;Drengen græder og søger øjenkontakt.\n",
    "S2;N2;04-02-2023;Mor græder. Far aflyser mødet.\n",
]
BAD = "S2;N3;31-02-2023;Mor græder.\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notater.csv").write_text(HEADING + "".join(NOTES), "utf-8")
    monkeypatch.setattr(cli_tag, "load", lambda model, tier=None: Autocoder(Codebook.load()))
    return tmp_path


def dagbog(*words):
    return CliRunner().invoke(app, ["tag", "notater.csv", "--out", "resultat", *words])


def test_a_year_in_one_line(folder):
    result = dagbog()
    assert result.exit_code == 0
    assert re.search(r"2 notater kodet: 3 kodninger i 2 sager", result.stdout)
    assert re.search(r"Gråd +2 +2", result.stdout)
    assert "Drengen" not in result.output
    assert (folder / "resultat" / "codings.xlsx").is_file()


def test_bad_notes_are_counted_by_reason(folder):
    with (folder / "notater.csv").open("a", encoding="utf-8") as stream:
        stream.write(BAD)
    result = dagbog()
    assert result.exit_code == 0
    assert "1 notat kunne ikke kodes (datoen findes ikke: 1); se exceptions.csv" in result.stdout


def test_strict_raises_and_writes_nothing(folder):
    with (folder / "notater.csv").open("a", encoding="utf-8") as stream:
        stream.write(BAD)
    result = dagbog("--strict")
    assert isinstance(result.exception, InputError)
    assert not (folder / "resultat").exists()


def test_a_dry_run_writes_nothing_and_says_how_long(folder):
    result = dagbog("--dry-run")
    assert result.exit_code == 0
    assert "2 notater i 1 fil, 1 del." in result.stdout
    assert "Skønnet tid: " in result.stdout
    assert not (folder / "resultat").exists()


def test_a_dry_run_over_a_finished_and_a_changed_run(folder):
    dagbog()
    assert "1 del er færdig allerede." in dagbog("--dry-run").stdout
    (folder / "notater.csv").write_text(HEADING + NOTES[0], "utf-8")
    assert "forskel: notater.csv" in dagbog("--dry-run").stdout


def test_a_change_is_refused_unless_recoding_is_chosen(folder):
    dagbog()
    (folder / "notater.csv").write_text(HEADING + NOTES[0], "utf-8")
    assert isinstance(dagbog().exception, InputError)
    assert "1 notat kodet: 2 kodninger i 1 sag (" in dagbog("--on-change", "recode").stdout


@pytest.mark.parametrize(("error", "code"), [(RunStopped("the disk is full"), 3), (KeyboardInterrupt(), 130)])
def test_exit_codes_of_a_run_that_did_not_end(folder, monkeypatch, error, code):
    def stop(*_):
        raise error

    monkeypatch.setattr(run_module, "_code_missing", stop)
    result = dagbog()
    assert result.exit_code == code
    assert result.stderr.startswith(
        ("Stoppet: the disk is full", "Afbrudt. 0 dele er færdige; giv samme kommando")
    )


OWN = "Sagsnr;Id;Dato;Notat\n"


@pytest.fixture
def own_headings(folder):
    (folder / "notater.csv").write_text(OWN + "".join(NOTES), "utf-8")
    return folder


def test_own_headings_are_named_and_kept_in_mind(own_headings):
    named = ["--column", "text=Notat", "--column", "note_id=Id", "--column", "case_id=Sagsnr"]
    planned = dagbog("--dry-run", *named)
    assert "2 notater i 1 fil, 1 del." in planned.stdout
    assert "2 notater kodet" in dagbog(*named).stdout
    assert json.loads((own_headings / "resultat" / "manifest.json").read_text("utf-8"))["columns"] == {
        "Notat": "text",
        "Id": "note_id",
        "Sagsnr": "case_id",
    }
    assert "1 af 1 del var færdig i forvejen." in dagbog(*named).stdout
    (own_headings / "notater.csv").write_text("Sag;Id;Dato;Notat\n" + "".join(NOTES), "utf-8")
    refused = dagbog(*named[:4]).exception
    assert "different now: columns, notater.csv" in str(refused)


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
@pytest.mark.parametrize(
    ("heading", "named", "said"),
    [
        (
            "sag;notat_id;dato;Fri tekst\n",
            [],
            'Fri tekst. Skriv, hvilken overskrift der menes: --column text="Fri tekst"',
        ),
        (
            "A;B;dato;C\n",
            ["--column", "text=C"],
            "notater.csv mangler kolonnerne case_id, note_id. Overskrifter, der ikke er genkendt: A, B. Skriv, hvilken"
            ' overskrift der menes: --column case_id="OVERSKRIFT" --column note_id="OVERSKRIFT"',
        ),
        (
            HEADING,
            ["--column", "text=Fritekst"],
            "notater.csv har ikke kolonnen Fritekst. Overskrifterne er: sag, notat_id, dato, tekst.",
        ),
    ],
)
def test_a_missing_column_says_what_to_write(folder, heading, named, said, more):
    (folder / "notater.csv").write_text(heading + "".join(NOTES), "utf-8")
    result = dagbog(*named, *more)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (folder / "resultat").exists()


def test_what_the_error_says_to_write_works(folder):
    (folder / "notater.csv").write_text("sag;notat_id;dato;Fri tekst\n" + "".join(NOTES), "utf-8")
    assert "2 notater kodet" in dagbog(*shlex.split(dagbog().stderr.rpartition(": ")[2])).stdout


def test_case_data_without_a_case(folder):
    (folder / "sager.csv").write_text("Familie;team;målopnåelse\nS1;Øst;i mål\n", "utf-8")
    result = dagbog("--cases", "sager.csv")
    assert result.exit_code == 2
    assert (
        "sager.csv mangler kolonnen case_id. Overskrifter, der ikke er genkendt: Familie.\n" in result.stderr
    )


@pytest.mark.parametrize("given", ["tekst=Notat", "text", "text="])
def test_a_column_that_is_none_is_refused(folder, given):
    result = dagbog("--column", given)
    assert result.exit_code == 2
    assert "KOLONNE=OVERSKRIFT" in result.stderr
