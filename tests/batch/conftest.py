import multiprocessing
import runpy
from pathlib import Path

import pandas as pd
import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def plain_coder():
    return runpy.run_path(str(HERE / "coders.py"), run_name="__main__")["PlainCoder"]


def make_notes(count, cases=10):
    numbers = range(count)
    return pd.DataFrame(
        {
            "Sag": [f"S{number % cases}" for number in numbers],
            "Notat-id": [f"N{number:05d}" for number in numbers],
            "Dato": [f"{1 + number % 28:02d}-{1 + number % 12:02d}-2023" for number in numbers],
            "Tekst": [
                "Mor ringer.\n" * (number % 5) + '"Ja", siger far; ' * (number % 2) for number in numbers
            ],
        }
    )


def make_cases(cases=10):
    return pd.DataFrame(
        {"Sag": [f"S{number}" for number in range(cases)], "Målopnåelse": ["i mål", "på vej"] * (cases // 2)}
    )


@pytest.fixture
def year(tmp_path):
    """A small csv of 100 notes in 10 cases, and the case file."""
    make_notes(100).to_csv(tmp_path / "notater.csv", sep=";", index=False, encoding="utf-8-sig")
    make_cases().to_csv(tmp_path / "sager.csv", sep=";", index=False, encoding="utf-8-sig")
    return tmp_path


@pytest.fixture(scope="session")
def start_run():
    """Start a run in a process of its own, forked from a clean server that has imported the library."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["dagbog_nlp.batch.run"])

    def start(year, out, *, single_up_to=0, seconds=0.01):
        job = {"source": str(year / "notater.csv"), "cases": str(year / "sager.csv"), "out": str(out)}
        started = context.Event()
        job |= {"single_up_to": single_up_to, "seconds": seconds, "started": started}
        process = context.Process(
            target=runpy.run_path, args=(str(HERE / "one_run.py"),), kwargs={"init_globals": {"job": job}}
        )
        process.start()
        assert started.wait(60)
        return process

    return start


@pytest.fixture(scope="session")
def files_of():
    """The bytes of every file that must not depend on how a run went."""

    def read(out):
        kept = [path for path in sorted(out.rglob("*.parquet")) if path.is_file() and path.name[0] != "."]
        return {str(path.relative_to(out)): path.read_bytes() for path in kept}

    return read
