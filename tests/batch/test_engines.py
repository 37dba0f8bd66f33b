"""The recipes of docs/batch.md, run as they stand there, and the same call on a Dask cluster."""

import os
import re
import shutil
import signal
import threading
import time

import joblib
import pandas as pd
import pytest

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


@pytest.fixture
def recipe(root):
    text = (root / "docs" / "batch.md").read_text("utf-8")

    def run(name, **names):
        exec(re.search(rf"```python {name}\n(.*?)```", text, re.S)[1], names)
        return names

    return run


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


def test_pyarrow_over_the_parts(notes, plain_coder, recipe):
    tag("notater.parquet", "resultat", coder=plain_coder(), chunk_notes=20, workbooks=False)
    counts = recipe("pyarrow")["per_month"].to_pandas()
    assert counts["count_all_count_all"].sum() if "count_all_count_all" in counts else len(counts)
    by_month = notes["date"].dt.strftime("%Y-%m")
    assert counts.groupby("month")["count_all"].sum().to_dict() == by_month.value_counts().to_dict()


def test_a_dask_cluster_loses_a_worker(year, plain_coder, files_of):
    distributed = pytest.importorskip("distributed")
    coder = plain_coder(seconds=0.1)
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
