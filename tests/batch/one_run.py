"""One run in a process that will be killed; the test passes ``job`` in."""

import runpy
from pathlib import Path

from dagbog_nlp.batch import run


def work(job: dict) -> None:
    coder = runpy.run_path(str(Path(__file__).with_name("coders.py")), run_name="__main__")["PlainCoder"]
    job["started"].set()
    run.SINGLE_FILE_NOTES = job["single_up_to"]
    run.tag(
        job["source"], job["out"], cases=job["cases"], coder=coder(seconds=job["seconds"]), chunk_notes=10
    )


if "job" in globals():
    work(globals()["job"])
