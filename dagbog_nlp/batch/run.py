"""Tag a data set: plan it, code what is not coded yet, in parallel, and sum it up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from joblib import Parallel, delayed
from joblib.externals.loky.process_executor import BrokenProcessPool
from tqdm.auto import tqdm

import dagbog_nlp
from dagbog_nlp.batch.folder import RunFolder, RunStopped
from dagbog_nlp.batch.outputs import Outputs, Tagged
from dagbog_nlp.batch.work import CoderReference, code_chunk, coder_facts
from dagbog_nlp.errors import InputError
from dagbog_nlp.learning.model_store import load
from dagbog_nlp.notes.read import read_cases
from dagbog_nlp.notes.stream import CHUNK_NOTES, NoteStream, Source, scan_notes

SINGLE_FILE_NOTES = 20_000
_ATTEMPTS = 3
_TRIAL_NOTES = 100


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes
    ----------
    stream
        The files, their chunks and their bad rows.
    manifest
        What decides the result: inputs, coder, settings.
    """

    stream: NoteStream
    manifest: dict[str, Any]

    @property
    def single(self) -> bool:
        """Whether the codings go into one file rather than a folder of parts."""
        return self.stream.notes <= SINGLE_FILE_NOTES

    def seconds(self, coder: Any, n_jobs: int = 1) -> float:
        """Estimate the time for all notes by coding a few from the first chunk."""
        notes = self.stream.read(self.stream.chunks[0]).iloc[:_TRIAL_NOTES]
        if not len(notes):
            return 0.0
        coder.code(notes.iloc[:1])
        began = time.perf_counter()
        coder.code(notes)
        return (time.perf_counter() - began) / len(notes) * self.stream.notes / max(n_jobs, 1)

    def differences(self, earlier: Mapping[str, Any]) -> list[str]:
        """Name what is not as in an earlier run's manifest."""
        found = [
            name for name, value in self.manifest.items() if name != "inputs" and earlier.get(name) != value
        ]
        mine = {file["name"]: file for file in self.manifest["inputs"]}
        before = {file["name"]: file for file in earlier.get("inputs", [])}
        found += [name for name in {**before, **mine} if mine.get(name) != before.get(name)]
        if not found and self.manifest["inputs"] != earlier.get("inputs"):
            found.append("the order of the files")
        return found


def make_plan(
    source: Source, coder: Any, *, columns: Mapping[str, str] | None = None, chunk_notes: int = CHUNK_NOTES
) -> Plan:
    """Look through the input and say what a run would do, without doing it.

    Parameters
    ----------
    source, columns, chunk_notes
        As for :func:`tag`.
    coder
        The coder to use.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    stream = scan_notes(source, columns=columns, chunk_notes=chunk_notes)
    inputs = [{"name": file.name, "bytes": file.size, "digest": file.digest} for file in stream.files]
    manifest = {
        "version": dagbog_nlp.__version__,
        **coder_facts(coder),
        "chunk_notes": chunk_notes,
        "columns": dict(columns or {}),
        "inputs": inputs,
    }
    return Plan(stream, manifest)


def tag(
    source: Source,
    out: str | Path,
    *,
    cases: Any = None,
    coder: Any = None,
    columns: Mapping[str, str] | None = None,
    n_jobs: int | None = None,
    chunk_notes: int = CHUNK_NOTES,
    strict: bool = False,
    on_change: Literal["refuse", "recode"] = "refuse",
    workbooks: bool = True,
    progress: bool | None = None,
) -> Tagged:
    """Code all notes of some files into a folder; a run that stopped goes on where it was.

    The folder gets ``codings.parquet`` (one file, or above 20,000 notes a folder of parts that
    ``pandas.read_parquet`` reads as one), ``notes.parquet`` (the coded notes without their text),
    ``profiles.parquet``, ``codings.xlsx`` with the sentences, ``profiles.xlsx``, ``run.json``, and
    ``exceptions.csv`` where notes could not be coded.

    Parameters
    ----------
    source
        A csv, parquet or xlsx file, a folder or glob of them, or a list of such.
    out
        The folder for the results.
    cases
        The case data, as for :func:`dagbog_nlp.read_cases`.
    coder
        A coder, or the model to load; the shipped model when None.
    columns
        Own headings of the notes, as for :func:`dagbog_nlp.read_notes`.
    n_jobs
        Processes; -1 for all cores. None: one, or what ``joblib.parallel_config`` says, so that with
        its Dask backend the same call runs on a cluster. Workers read the files themselves.
    chunk_notes
        Rows read and coded together; a run that is resumed must keep it.
    strict
        Stop before anything is written when a note cannot be coded.
    on_change
        When the folder holds a run of another input, model or codebook: ``"refuse"``, or
        ``"recode"`` everything.
    workbooks
        Write the Excel files too.
    progress
        Show a progress bar; only in a terminal when None, so that logs stay short.

    Returns
    -------
    Tagged
        Counts, where the results are, and the ways to read them.

    Raises
    ------
    InputError
        The input cannot be read, is not what an earlier run in `out` coded, or `out` is in use or
        cannot be written to. Nothing was changed.
    RunStopped
        The disk is full or workers keep dying. The same call goes on from there.

    Examples
    --------
    >>> import tempfile
    >>> from dagbog_nlp.codebook.codebook import Codebook
    >>> from dagbog_nlp.coding.autocoder import Autocoder
    >>> frame = pd.DataFrame({"sag": ["S1"], "notat_id": ["N1"], "dato": ["03-02-2024"],
    ...                       "tekst": ["Drengen søger øjenkontakt."]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame.to_csv(Path(folder, "notater.csv"), sep=";", index=False)
    ...     coder = Autocoder(Codebook.load())
    ...     tagged = tag(Path(folder, "notater.csv"), Path(folder, "resultat"), coder=coder)
    ...     tagged.codings()["code"].tolist()
    ['relationsarbejde/øjenkontakt']
    """
    began = time.perf_counter()
    if on_change not in ("refuse", "recode"):
        raise InputError(f"on_change is {on_change!r}", fix="pass 'refuse' or 'recode'")
    if isinstance(source, pd.DataFrame) or hasattr(source, "to_pandas"):
        raise InputError(
            "the source is a table, not files", fix="use coder.code(notes), or save it as parquet"
        )
    if coder is None or isinstance(coder, str | Path):
        coder = load() if coder is None else load(coder)
    case_table = None if cases is None else read_cases(cases)
    plan = make_plan(source, coder, columns=columns, chunk_notes=chunk_notes)
    if strict and plan.stream.bad:
        first, more = plan.stream.bad[0], len(plan.stream.bad) - 1
        raise InputError(
            first.reason + (f" (and {more} more row(s))" if more else ""),
            file=first.file,
            row=first.row,
            note_id=first.note_id or None,
            fix="correct the rows, or run without strict to leave them out",
        )
    folder, work = RunFolder(out), _Work(n_jobs, progress, strict)
    with folder.locked():
        records = _enter(folder, plan, on_change)
        resumed = len(records)
        try:
            _code_missing(folder, plan.stream, CoderReference.to(coder), records, work)
            coding_seconds = time.perf_counter() - began
            outputs = Outputs(folder, plan.stream, plan.manifest, records, cases=case_table, coder=coder)
            return outputs.write(workbooks=workbooks, resumed=resumed, seconds=coding_seconds, began=began)
        except BaseException as error:
            error.add_note(
                f"{len(records)} of {len(plan.stream.chunks)} chunks are coded; the same call goes on there."
            )
            raise


@dataclass(frozen=True)
class _Work:
    """How the work is done: none of it decides the result."""

    n_jobs: int | None
    progress: bool | None
    strict: bool


def _enter(folder: RunFolder, plan: Plan, on_change: str) -> dict[int, dict[str, Any]]:
    """Begin, go on, or refuse; give the records of what is done."""
    earlier = folder.manifest()
    if earlier is not None and not (different := plan.differences(earlier)):
        return folder.resume(single=plan.single)
    if earlier is not None and on_change == "refuse":
        raise InputError(
            f"the folder holds a run of something else; different now: {', '.join(different)}",
            file=folder.path,
            fix="choose another folder, put things back, or code all anew (on_change='recode')",
        )
    folder.begin(plan.manifest, single=plan.single)
    return {}


def _code_missing(
    folder: RunFolder,
    stream: NoteStream,
    reference: CoderReference,
    records: dict[int, dict[str, Any]],
    work: _Work,
) -> None:
    bar = tqdm(
        total=stream.notes,
        initial=sum(record["notes"] for record in records.values()),
        unit=" notater",
        disable=None if work.progress is None else not work.progress,
        smoothing=0.1,
    )
    with closing(bar):
        for attempt in range(1, _ATTEMPTS + 1):
            missing = [chunk for chunk in stream.chunks if chunk.number not in records]
            calls = (delayed(code_chunk)(reference, stream.files[chunk.file], chunk) for chunk in missing)
            coded_chunks = Parallel(n_jobs=work.n_jobs, return_as="generator_unordered")(calls)
            try:
                with closing(coded_chunks):
                    for coded in coded_chunks:
                        if work.strict and coded.bad:
                            _refuse(coded.bad)
                        records[coded.number] = folder.add(coded)
                        bar.update(coded.notes)
                return
            except BrokenProcessPool:
                if attempt == _ATTEMPTS:
                    raise RunStopped(
                        "a worker process died three times, perhaps for want of memory. What was done is "
                        "kept. To fix it: give the same command with fewer processes"
                    ) from None


def _refuse(bad: Any) -> None:
    raise InputError(
        bad[0].reason, file=bad[0].file, row=bad[0].row, note_id=bad[0].note_id, fix="leave the note out"
    )
