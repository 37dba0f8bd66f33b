"""Notes from many files, a chunk at a time, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.chunks import BadNote, Chunk, NoteFile, RowCheck, Scanning
from dagbog_nlp.notes.csv_chunks import read_csv_chunk, scan_csv
from dagbog_nlp.notes.table_chunks import (
    read_excel_chunk,
    read_parquet_chunk,
    scan_excel,
    scan_parquet,
)

CHUNK_NOTES = 500
_SCAN = {"csv": scan_csv, "parquet": scan_parquet, "excel": scan_excel}
_READ = {"csv": read_csv_chunk, "parquet": read_parquet_chunk, "excel": read_excel_chunk}
_KINDS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".xlsm": "excel",
}

Source = str | Path | Iterable[str | Path]


@dataclass(frozen=True)
class NoteStream:
    r"""Files of notes, looked through once and divided into chunks.

    Attributes
    ----------
    files
        As they were.
    chunks
        In the order of the files and their rows.
    bad
        The rows that cannot be coded, in the same order.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "notater.csv")
    ...     _ = path.write_text(
    ...         "sag;notat_id;dato;tekst\nS1;N1;03-02-2024;Mor ringer.\nS1;N2;31-02-2024;Far.\n")
    ...     stream = scan_notes(path)
    ...     stream.notes, stream.bad[0].reason, stream.read(stream.chunks[0])["text"].tolist()
    (1, 'datoen findes ikke', ['Mor ringer.'])
    """

    files: Sequence[NoteFile]
    chunks: Sequence[Chunk]
    bad: Sequence[BadNote]

    @property
    def notes(self) -> int:
        """How many notes there are to code."""
        return sum(chunk.notes for chunk in self.chunks)

    def read(self, chunk: Chunk) -> pd.DataFrame:
        """Read one chunk into the notes table."""
        return read_chunk(self.files[chunk.file], chunk)


def find_files(source: Source) -> list[Path]:
    """Find the files that a path, a glob, a folder or a list of these stands for, in a fixed order.

    Raises
    ------
    InputError
        Nothing is there, or a file of a kind that is not read.
    """
    given = [source] if isinstance(source, str | Path) else list(source)
    paths: list[Path] = []
    for item in given:
        path = Path(item)
        if path.is_dir():
            found = sorted(child for child in path.iterdir() if child.suffix.lower() in _KINDS)
        elif path.is_file():
            found = [path]
        else:
            found = sorted(Path(path.anchor or ".").glob(str(path.relative_to(path.anchor))))
        if not found:
            raise InputError("there is no such file", file=path, fix="check the path")
        paths += found
    for path in paths:
        if path.suffix.lower() not in _KINDS:
            raise InputError(
                f"files ending in {path.suffix or 'nothing'} are not read",
                file=path,
                fix="save it as csv, xlsx or parquet",
            )
    return list(dict.fromkeys(path.resolve() for path in paths))


def scan_notes(
    source: Source, *, columns: Mapping[str, str] | None = None, chunk_notes: int = CHUNK_NOTES
) -> NoteStream:
    """Look through files of notes once: where the chunks are, and which rows are bad.

    Parameters
    ----------
    source
        A csv, parquet or xlsx file, a folder or glob of them, or a list of such.
    columns
        Own headings, as for :func:`dagbog_nlp.read_notes`.
    chunk_notes
        Rows of a chunk.

    Returns
    -------
    NoteStream

    Raises
    ------
    InputError
        A file cannot be read at all, or holds no notes. A bad row is no error here.
    """
    check = RowCheck()
    files: list[NoteFile] = []
    chunks: list[Chunk] = []
    bad: list[BadNote] = []
    for path in find_files(source):
        scan = _SCAN[_KINDS[path.suffix.lower()]]
        scanning = Scanning(len(files), len(chunks), chunk_notes, columns, check)
        file, its_chunks, its_bad = scan(path, scanning)
        files.append(file)
        chunks += its_chunks
        bad += its_bad
    if not chunks:
        raise InputError(
            "there are no notes", file=files[0].path, fix="check that the file has rows below its heading"
        )
    return NoteStream(files, chunks, bad)


def read_chunk(file: NoteFile, chunk: Chunk) -> pd.DataFrame:
    """Read one chunk into the notes table, in any process that can see the file.

    Returns
    -------
    pandas.DataFrame
        The notes table with the columns that the library knows; bad rows left out.

    Raises
    ------
    InputError
        The file was changed after it was scanned, or is gone.
    """
    try:
        return _READ[file.kind](file, chunk)
    except OSError as error:
        raise InputError(
            f"the file cannot be read any more ({type(error).__name__})", file=file.path, fix="put it back"
        ) from None
