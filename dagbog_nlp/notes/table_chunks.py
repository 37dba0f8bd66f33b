"""Chunks of parquet and Excel files: rows by number, decoded once where chunks are read in order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.chunks import (
    NO_TEXT,
    BadNote,
    Chunk,
    NoteFile,
    RowCheck,
    Scanned,
    Scanning,
    changed_error,
    file_digest,
    identifier,
    notes_columns,
    notes_table,
)
from dagbog_nlp.notes.read import read_excel

_CHECKED = ("case_id", "note_id", "date")


def scan_parquet(path: Path, scanning: Scanning) -> Scanned:
    """Find the chunks of a parquet file and its bad rows; the texts are not read.

    Parameters and errors are those of :func:`dagbog_nlp.notes.csv_chunks.scan_csv`.
    """
    status = path.stat()
    try:
        parquet = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError("the parquet file cannot be read", file=path, fix="write it again") from error
    with parquet:
        headings = list(parquet.schema_arrow.names)
        places = notes_columns(headings, scanning.columns, path.name)
        own = {name: headings[place] for name, place in places.items()}
        kind = parquet.schema_arrow.field(own["text"]).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise InputError("the text is not text", file=path, fix="store the column as text")
        batches = parquet.iter_batches(
            scanning.chunk_notes, columns=[own[name] for name in _CHECKED], use_threads=False
        )
        rows = (
            (*row, None)
            for batch in batches
            for row in zip(*(batch.column(own[name]).to_pylist() for name in _CHECKED), strict=True)
        )
        chunks, bad = _chunks(rows, path.name, scanning)
    return _note_file(path, "parquet", own, status), chunks, bad


def scan_excel(path: Path, scanning: Scanning) -> Scanned:
    """Find the chunks of an Excel file, which is read whole, and its bad rows.

    Parameters and errors are those of :func:`dagbog_nlp.notes.csv_chunks.scan_csv`.
    """
    status = path.stat()
    frame = _excel(str(path), file_digest(path))
    headings = list(frame.columns)
    own = {
        name: headings[place] for name, place in notes_columns(headings, scanning.columns, path.name).items()
    }
    rows = zip(*(frame[own[name]] for name in (*_CHECKED, "text")), strict=True)
    chunks, bad = _chunks(rows, path.name, scanning)
    return _note_file(path, "excel", own, status), chunks, bad


def read_parquet_chunk(file: NoteFile, chunk: Chunk) -> pd.DataFrame:
    """Read the notes of one chunk.

    Raises
    ------
    InputError
        The file is not as it was when it was scanned.
    """
    status = Path(file.path).stat()
    if (status.st_size, status.st_mtime_ns) != (file.size, file.changed):
        raise changed_error(file.path)
    table = _Cursor.at(file, chunk.start, chunk.rows).take(chunk.start, chunk.stop)
    frame = table.to_pandas(integer_object_nulls=True).set_axis(list(file.columns), axis=1)
    return notes_table(_kept(frame, chunk), file.name)


def read_excel_chunk(file: NoteFile, chunk: Chunk) -> pd.DataFrame:
    """Read the notes of one chunk.

    Raises
    ------
    InputError
        The file is not as it was when it was scanned.
    """
    frame = _excel(file.path, file.digest).iloc[chunk.start : chunk.stop]
    frame = frame[list(file.columns.values())].set_axis(list(file.columns), axis=1)
    return notes_table(_kept(frame, chunk), file.name)


class _Cursor:
    """A parquet file opened at some row. Chunks asked for in order are decoded once.

    A row group can be larger than memory, and cannot be entered in the middle; so the cursor stays
    where the last chunk ended.
    """

    _last: _Cursor | None = None

    def __init__(self, file: NoteFile, row: int, size: int) -> None:
        self._file = file
        parquet = pq.ParquetFile(file.path)
        starts = _group_starts(parquet)
        group = int(np.searchsorted(starts, row, side="right")) - 1
        self.row = int(starts[group])
        self._rest: pa.RecordBatch | None = None
        self._batches = parquet.iter_batches(
            size,
            row_groups=list(range(group, parquet.num_row_groups)),
            columns=list(file.columns.values()),
            use_threads=False,
        )
        self._starts = starts

    @classmethod
    def at(cls, file: NoteFile, row: int, size: int) -> _Cursor:
        """The open cursor where it serves, else a new one."""
        last = cls._last
        if last is None or last._file != file or not last._on_the_way(row):
            last = cls._last = cls(file, row, size)
        return last

    def take(self, start: int, stop: int) -> pa.Table:
        """The rows from `start` to `stop`."""
        pieces: list[pa.RecordBatch] = []
        while start < stop:
            if self._rest is None:
                self._rest = next(self._batches)
            end = self.row + self._rest.num_rows
            if end > start:
                piece = self._rest.slice(start - self.row, min(stop, end) - start)
                pieces.append(piece)
                start += piece.num_rows
            if end <= start:
                self.row, self._rest = end, None
        return pa.Table.from_batches(pieces).select(list(self._file.columns.values()))

    def _on_the_way(self, row: int) -> bool:
        group = int(np.searchsorted(self._starts, row, side="right")) - 1
        return int(self._starts[group]) <= self.row <= row or self.row <= row < self.row + self._held()

    def _held(self) -> int:
        return 0 if self._rest is None else self._rest.num_rows


def _group_starts(parquet: pq.ParquetFile) -> np.ndarray:
    sizes = [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]
    return np.cumsum([0, *sizes[:-1]])


def _chunks(
    rows: Iterable[tuple[Any, Any, Any, Any]], name: str, scanning: Scanning
) -> tuple[list[Chunk], list[BadNote]]:
    chunks: list[Chunk] = []
    bad: list[BadNote] = []
    left_out: list[int] = []
    start = stop = 0

    def end_chunk() -> None:
        number, rows = scanning.first_chunk + len(chunks), stop - start
        chunks.append(Chunk(number, scanning.file, start, stop, start + 2, rows, tuple(left_out)))

    for stop, (reason, note_id) in enumerate(_problems(rows, scanning.check), start=1):
        if reason:
            bad.append(BadNote(name, stop + 1, note_id, reason))
            left_out.append(stop - 1 - start)
        if stop - start == scanning.chunk_notes:
            end_chunk()
            start, left_out = stop, []
    if stop > start:
        end_chunk()
    return chunks, bad


def _problems(rows: Iterable[tuple[Any, Any, Any, Any]], check: RowCheck) -> Iterator[tuple[str | None, str]]:
    for case_id, note_id, date, text in rows:
        own_id = identifier(note_id)
        if not isinstance(text, str) and not pd.isna(text):
            yield NO_TEXT, own_id
        else:
            yield check.problem(identifier(case_id), own_id, date), own_id


def _kept(frame: pd.DataFrame, chunk: Chunk) -> pd.DataFrame:
    return frame.drop(frame.index[list(chunk.left_out)]).reset_index(drop=True)


def _note_file(path: Path, kind: str, columns: dict[str, Any], status: os.stat_result) -> NoteFile:
    return NoteFile(str(path), kind, columns, file_digest(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=1)
def _excel(path: str, content: str) -> pd.DataFrame:
    frame = read_excel(Path(path), 0)
    if file_digest(Path(path)) != content:
        raise changed_error(path)
    return frame
