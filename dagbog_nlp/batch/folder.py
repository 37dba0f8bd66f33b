"""The folder of a run: its lock, its manifest, its parts, and a journal of what is done.

``manifest.json`` says what is coded with what. Each finished chunk has its parts, written whole or
not at all, and then a line in ``progress.jsonl`` with their hashes. So a run that stops at any moment
has lost the chunks under work and nothing else.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from dagbog_nlp.atomic import atomic
from dagbog_nlp.batch.work import CodedChunk
from dagbog_nlp.errors import DagbogError, InputError
from dagbog_nlp.notes.chunks import BadNote, digest, file_digest

MANIFEST, JOURNAL, LOCK, PARTS, PILES = "manifest.json", "progress.jsonl", ".lock", ".parts", ".piles"
TABLES = ("codings", "notes")
RESULTS = ("codings.xlsx", "profiles.parquet", "profiles.xlsx", "run.json", "exceptions.csv")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class RunStopped(DagbogError, RuntimeError):  # noqa: N818
    """A run could not go on. What was done is kept; the same call goes on from there."""


class RunFolder:
    """The folder of a run.

    Parameters
    ----------
    path
        It is made when it is not there.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.single = False

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out. A lock dies with its process, so a killed run leaves none behind.

        Raises
        ------
        InputError
            Another run is at work here, or the folder cannot be written to.
        """
        lock = FileLock(self.path / LOCK, blocking=False)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise InputError(
                "another run is at work in this folder", file=self.path, fix="wait for it, or choose another"
            ) from None
        except OSError as error:
            raise InputError(
                f"the folder cannot be written to ({type(error).__name__})",
                file=self.path,
                fix="choose another folder, or ask for the right to write in it",
            ) from None
        try:
            yield
        finally:
            lock.release()

    def manifest(self) -> dict[str, Any] | None:
        """What an earlier run was to do here; None when there was none.

        Raises
        ------
        InputError
            The manifest was edited, or there are results that no run of ours left here.
        """
        try:
            manifest: dict[str, Any] = json.loads((self.path / MANIFEST).read_text("utf-8"))
        except FileNotFoundError:
            foreign = [name for name in self._results() if (self.path / name).exists()]
            if foreign:
                raise InputError(
                    f"the folder holds {foreign[0]} but no {MANIFEST}",
                    file=self.path,
                    fix="choose another folder",
                ) from None
            return None
        except ValueError:
            raise InputError(
                f"{MANIFEST} is damaged", file=self.path, fix="choose another folder, or remove this one"
            ) from None
        return manifest

    def done_before(self) -> int:
        """How many chunks the journal says are done; nothing is checked or written."""
        return len({record["chunk"] for record in self._journal() if "chunk" in record})

    def begin(self, manifest: dict[str, Any], *, single: bool) -> None:
        """Begin a run from nothing: forget what an earlier one left."""
        self.single = single
        (self.path / JOURNAL).unlink(missing_ok=True)
        for name in (*self._results(), PARTS):
            _remove(self.path / name)
        self.write(self.path / MANIFEST, _json(manifest))

    def resume(self, *, single: bool) -> dict[int, dict[str, Any]]:
        """Find the chunks that are done, whose parts are as they were written; forget the rest.

        Returns
        -------
        dict of int to dict
            The journal's record of each, by number.
        """
        self.single = single
        for leftover in (
            *self.path.glob(".*-*.*"),
            *self.path.glob("*/.part-*"),
            *self.path.glob(f"{PARTS}/*/.*"),
        ):
            leftover.unlink(missing_ok=True)
        records: dict[int, dict[str, Any]] = {}
        merged: dict[str, str] | None = None
        for record in self._journal():
            if "merged" in record:
                merged = record["merged"]
            else:
                records[record["chunk"]] = record
        if merged and all(_has(self.path / f"{table}.parquet", merged[table]) for table in TABLES):
            _remove(self.path / PARTS)
            return records
        done = {
            number: record
            for number, record in records.items()
            if all(_has(self.part(table, number), record["parts"][table]) for table in TABLES)
        }
        lines = b"".join(_line(record) for record in done.values())
        self.write(self.path / JOURNAL, lines)
        return done

    def add(self, coded: CodedChunk) -> dict[str, Any]:
        """Keep a coded chunk: its parts first, then the line that says they are there."""
        parts = {}
        for table, data in coded.tables.items():
            self.write(self.part(table, coded.number), data)
            parts[table] = digest(data)
        record = {
            "chunk": coded.number,
            "notes": coded.notes,
            "codings": coded.codings,
            "parts": parts,
            "bad": [asdict(note) for note in coded.bad],
            "seconds": round(coded.seconds, 3),
        }
        self._append(record)
        return record

    def merge(self, numbers: list[int]) -> None:
        """Make one file of the parts, where the input is small."""
        if not self.single or not (self.path / PARTS).exists():
            return
        hashes = {}
        for table in TABLES:
            tables = [pq.read_table(self.part(table, number)) for number in numbers]
            sink = pa.BufferOutputStream()
            pq.write_table(pa.concat_tables(tables), sink, compression="zstd")
            data = sink.getvalue().to_pybytes()
            self.write(self.path / f"{table}.parquet", data)
            hashes[table] = digest(data)
        self._append({"merged": hashes})
        _remove(self.path / PARTS)

    def parts(
        self, table: str, rows: Sequence[tuple[int, int]], columns: list[str] | None = None
    ) -> Iterator[pa.Table]:
        """Read a table a chunk at a time, in order.

        Parameters
        ----------
        table
            ``codings`` or ``notes``.
        rows
            Number and rows of each chunk.
        columns
            Those wanted; all when None.
        """
        if self.single:
            whole = _read(self.path / f"{table}.parquet", columns)
            at = 0
            for _, count in rows:
                yield whole.slice(at, count)
                at += count
        else:
            for number, _ in rows:
                yield _read(self.part(table, number), columns)

    @property
    def piles(self) -> Path:
        """Where rows are brought together by case at the end of a run."""
        return self.path / PILES

    def part(self, table: str, number: int) -> Path:
        """Where the part of a chunk is."""
        folder = self.path / PARTS / table if self.single else self.path / f"{table}.parquet"
        return folder / f"part-{number:06d}.parquet"

    def write(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all, and onto the disk.

        Raises
        ------
        RunStopped
            The disk is full, or the folder cannot be written to any more.
        """
        with stopping_at_the_disk():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic(path) as temporary, temporary.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())

    def _append(self, record: dict[str, Any]) -> None:
        with stopping_at_the_disk(), (self.path / JOURNAL).open("ab") as stream:
            stream.write(_line(record))
            stream.flush()
            os.fsync(stream.fileno())

    def _journal(self) -> Iterator[dict[str, Any]]:
        path = self.path / JOURNAL
        for line in path.read_bytes().split(b"\n") if path.exists() else []:
            try:
                check, _, text = line.partition(b" ")
                if check.decode("ascii") == digest(text):
                    yield json.loads(text)
            except ValueError:
                continue

    def _results(self) -> tuple[str, ...]:
        return (*(f"{table}.parquet" for table in TABLES), *RESULTS)


@contextmanager
def stopping_at_the_disk() -> Iterator[None]:
    """Turn a full or lost disk into :class:`RunStopped`."""
    try:
        yield
    except OSError as error:
        cause = (
            "the disk is full"
            if error.errno in _FULL
            else f"the results cannot be written ({type(error).__name__})"
        )
        raise RunStopped(
            f"{cause}. What was done is kept. To fix it: make room and give the same command"
        ) from None


def bad_notes(records: list[dict[str, Any]]) -> list[BadNote]:
    """The notes that could not be coded, from the journal."""
    return [BadNote(**note) for record in records for note in record["bad"]]


def _has(path: Path, wanted: str) -> bool:
    return path.is_file() and file_digest(path) == wanted


def _read(path: Path, columns: list[str] | None) -> pa.Table:
    with pq.ParquetFile(path) as parquet:
        return parquet.read(columns)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record, ensure_ascii=False).encode()
    return digest(text).encode() + b" " + text + b"\n"
