"""The recipes of docs/batch.md, run as they stand there, and the same call on a Dask cluster."""

import os
import re
import shutil
import signal
import threading
import time
from pathlib import Path

import joblib
import pandas as pd
import pytest

from dagbog_nlp.batch import run
from dagbog_nlp.batch.run import tag
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.notes.read import read_notes


@pytest.fixture(scope="module")
def coder():
    return Autocoder(Codebook.load())


@pytest.fixture
def notes(root, tmp_path, monkeypatch):
    """The first notes of the sample, in the working folder as notater.parquet."""
    monkeypatch.chdir(tmp_path)
    frame = read_notes(root / "data_samples" / "notater.csv").head(60)
    frame.to_parquet("notater.parquet", row_group_size=20)
    return frame


@pytest.fixture(scope="module")
def text(root):
    return (root / "docs" / "batch.md").read_text("utf-8")


@pytest.fixture
def query(text):
    return re.search(r"```sql\n(.*?)```", text, re.S)[1]


@pytest.fixture
def recipe(text):

    def act(name, **names):
        exec(re.search(rf"```python {name}\n(.*?)```", text, re.S)[1], names)
        return names

    return act


def test_dask_data_frame(notes, coder, recipe):
    pytest.importorskip("dask.dataframe")
    recipe("dask", coder=coder)
    pd.testing.assert_frame_equal(
        pd.read_parquet("codings").reset_index(drop=True), coder.code(notes), check_dtype=False
    )


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark(notes, coder, recipe, monkeypatch):
    session = pytest.importorskip("pyspark.sql").SparkSession
    monkeypatch.setenv("PYSPARK_PYTHON", shutil.which("python") or "python")
    builder = session.builder.master("local[1]").config("spark.ui.enabled", False)
    spark = (
        builder.config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    try:
        recipe("spark", coder=coder, spark=spark)
        found = pd.read_parquet("codings").sort_values("coding_id", ignore_index=True)
    finally:
        spark.stop()
    expected = coder.code(notes).sort_values("coding_id", ignore_index=True)
    columns = ["coding_id", "case_id", "note_id", "start", "end", "code", "cue_start", "negated", "codebook"]
    pd.testing.assert_frame_equal(found[columns], expected[columns], check_dtype=False)
    assert (found["date"].dt.date == expected["date"].dt.date).all()


def test_ray(notes, coder, recipe, monkeypatch):
    ray = pytest.importorskip("ray", reason="Ray is not installed (70 MB, in no extra of ours)")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        recipe("ray", coder=coder)
    finally:
        ray.shutdown()
    found, expected = (
        table.sort_values("coding_id", ignore_index=True)
        for table in (pd.read_parquet("codings"), coder.code(notes))
    )
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.fixture(params=[0, 20_000], ids=["parts", "one file"])
def doubts(notes, fast_coder, request, monkeypatch):
    """A finished run of the notes in the folder resultat, and its notes and doubts by month and team."""
    monkeypatch.setattr(run, "SINGLE_FILE_NOTES", request.param)
    tagged = tag("notater.parquet", "resultat", coder=fast_coder, chunk_notes=20, workbooks=False)
    of_doubt = tagged.codings().query("code == 'professionel_tvivl'")["note_id"]
    table = notes.assign(with_doubt=notes["note_id"].isin(of_doubt), month=notes["date"].dt.strftime("%Y-%m"))
    counts = table.groupby(["month", "team"])["with_doubt"].agg(["size", "sum"])
    assert 0 < counts["sum"].sum() < len(notes)
    return counts.astype("int64").to_records().tolist()


def test_duckdb_over_the_parts(doubts, query):
    duckdb = pytest.importorskip("duckdb")
    if Path("resultat/codings.parquet").is_file():
        query = query.replace("/*.parquet", "")
    found = duckdb.sql(query).df()
    found["month"] = pd.to_datetime(found["month"]).dt.strftime("%Y-%m")
    assert found.to_records(index=False).tolist() == doubts


def test_pyarrow_over_the_parts(doubts, recipe):
    found = recipe("pyarrow")["per_month"].to_pandas().sort_values(["month", "team"])
    assert found[["month", "team", "notes", "with_doubt"]].to_records(index=False).tolist() == doubts


def test_a_dask_cluster_loses_a_worker(year, plain_coder, files_of):
    distributed = pytest.importorskip("distributed")

    def whole(notes):
        backend = joblib.parallel.get_active_backend()[0]
        assert type(backend).__name__ == "SequentialBackend", "a worker would hand pieces of its chunk on"

    coder = plain_coder(seconds=0.1, before=whole)
    options = {"cases": year / "sager.csv", "chunk_notes": 5, "workbooks": False}
    tag(year / "notater.csv", year / "one", coder=plain_coder(), **options)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        victim = next(iter(cluster.workers.values())).pid
        done = year / "dask" / "progress.jsonl"
        killer = threading.Thread(target=_kill_when, args=(victim, done))
        killer.start()
        tagged = tag(year / "notater.csv", year / "dask", coder=coder, **options)
        killer.join()
    assert tagged.summary["counts"]["coded"] == 100
    assert files_of(year / "dask") == files_of(year / "one")


def _kill_when(pid, journal):
    until = time.monotonic() + 600
    while time.monotonic() < until:
        if journal.exists() and journal.stat().st_size:
            os.kill(pid, signal.SIGKILL)
            return
        time.sleep(0.02)
