"""Chunks of a csv file: one pass finds where they begin, then each can be read by itself."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pandas as pd

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.chunks import (
    NO_TEXT,
    BadNote,
    Chunk,
    NoteFile,
    Scanned,
    Scanning,
    changed_error,
    digest,
    notes_columns,
    notes_table,
)
from dagbog_nlp.notes.read import find_delimiter

_BOM = b"\xef\xbb\xbf"
_WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_BYTES = "latin-1"
_NOT_CP1252 = re.compile("[\x81\x8d\x8f\x90\x9d]")
_HALF = re.compile("[\ud800-\udfff]")
_FIX = "put quotes around texts that hold delimiters, quotes or line breaks"


class _Lines:
    """The lines of a file, with the position in bytes behind the last one given.

    A file that is not UTF-16 is read one byte a character: Latin-1 keeps bytes and characters in step,
    and the csv module looks at ASCII only, so that records are found before the encoding is known.
    """

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._lines = io.TextIOWrapper(stream, encoding=encoding, errors="surrogatepass", newline="")
        self.encoding = encoding
        self.position = stream.tell()
        self.pieces: list[bytes] = []
        self.digest = hashlib.blake2b(digest_size=16)
        self.utf8 = self.not_utf8 = 0
        self._now = (False, False)

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            data = line.encode(self.encoding, "surrogatepass")
            self.position += len(data)
            self.pieces.append(data)
            self.digest.update(data)
            if not line.isascii():
                self._look(line, data)
            yield line

    def _look(self, line: str, data: bytes) -> None:
        if self.encoding != _BYTES:
            self._now = (self._now[0] or bool(_HALF.search(line)), False)
            return
        try:
            data.decode("utf-8")
            self.utf8 += 1
            bad = False
        except UnicodeDecodeError:
            self.not_utf8 += 1
            bad = True
        self._now = (self._now[0] or bad, self._now[1] or bool(_NOT_CP1252.search(line)))

    def undecodable(self) -> tuple[bool, bool]:
        """Whether the record just read is not UTF-8 (or UTF-16), and not cp1252; then forget it."""
        now, self._now = self._now, (False, False)
        return now

    def decoded(self, field: str) -> str:
        """What a field says."""
        if self.encoding != _BYTES or field.isascii():
            return field
        data = field.encode(_BYTES)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode("cp1252", errors="replace")

    def take(self) -> bytes:
        """The bytes since the last call."""
        data = b"".join(self.pieces)
        self.pieces.clear()
        return data


def scan_csv(path: Path, scanning: Scanning) -> Scanned:
    """Find the chunks of a csv file and its bad rows, in memory that does not grow with the file.

    Parameters
    ----------
    path
        The file.
    scanning
        What it needs to know of the run.

    Raises
    ------
    InputError
        The file is empty or ends in the middle of a character, its headings do not do, or a quote is
        never closed.
    """
    csv.field_size_limit(sys.maxsize)
    status = path.stat()
    with path.open("rb") as stream:
        start = stream.read(1 << 16)
        wide = _WIDE.get(start[:2])
        mark = start[:2] if wide else _BOM if start.startswith(_BOM) else b""
        beginning = start.removeprefix(mark).decode(wide or _BYTES, errors="ignore")
        if not beginning.strip():
            raise InputError("the file is empty", file=path, fix="export it again")
        delimiter = find_delimiter(beginning.partition("\n")[0])
        stream.seek(len(mark))
        scan = _Scan(path, scanning)
        try:
            scan.run(_Lines(stream, wide or _BYTES), delimiter)
        except UnicodeDecodeError:
            raise InputError(
                "the file ends in the middle of a character", file=path, fix="export it again"
            ) from None
    encoding = wide or ("utf-8" if mark or scan.lines.utf8 >= scan.lines.not_utf8 else "cp1252")
    chunks, bad = scan.result(encoding)
    note_file = NoteFile(
        path=str(path),
        kind="csv",
        columns=scan.columns,
        digest=scan.lines.digest.hexdigest(),
        size=status.st_size,
        changed=status.st_mtime_ns,
        delimiter=delimiter,
        encoding=encoding,
    )
    return note_file, chunks, bad


class _Scan:
    """One pass over a csv file."""

    def __init__(self, path: Path, scanning: Scanning) -> None:
        self.path, self.scanning = path, scanning
        self.columns: dict[str, int] = {}
        self.bad: list[tuple[int, BadNote]] = []
        self.not_utf: list[tuple[int, str]] = []
        self.not_cp1252: list[tuple[int, str]] = []
        self._bounds: list[tuple[int, int, int, str]] = []
        self._blank: list[int] = []

    def run(self, lines: _Lines, delimiter: str) -> None:
        self.lines = lines
        reader = csv.reader(lines, delimiter=delimiter)
        heading = next(reader)
        self.columns = notes_columns(
            [lines.decoded(name) for name in heading], self.scanning.columns, self.path.name
        )
        lines.undecodable()
        lines.take()
        places = [self.columns[name] for name in ("case_id", "note_id", "date")]
        start = record = end = lines.position
        rows, index = 0, -1
        for index, row in enumerate(reader):
            record, end = end, lines.position
            not_utf, not_cp1252 = lines.undecodable()
            if not row:
                self._blank.append(index)
            elif len(row) != len(heading):
                reason = f"rækken har {len(row)} felter, overskriften {len(heading)}"
                self.bad.append((index, BadNote(self.path.name, index + 2, "", reason)))
            else:
                case_id, note_id, date = (lines.decoded(row[place]).strip() for place in places)
                if problem := self.scanning.check.problem(case_id, note_id, date):
                    self.bad.append((index, BadNote(self.path.name, index + 2, note_id, problem)))
                else:
                    if not_utf:
                        self.not_utf.append((index, note_id))
                    if not_cp1252:
                        self.not_cp1252.append((index, note_id))
            rows += 1
            if rows == self.scanning.chunk_notes:
                self._bounds.append((start, lines.position, rows, digest(lines.take())))
                start, rows = lines.position, 0
        if rows:
            self._bounds.append((start, lines.position, rows, digest(lines.take())))
        self._closed(record, delimiter, index + 2)

    def _closed(self, start: int, delimiter: str, number: int) -> None:
        """Make sure that no quote runs to the end of the file and hides the notes behind it."""
        with self.path.open("rb") as stream:
            stream.seek(start)
            last = io.StringIO(stream.read().decode(self.lines.encoding, "surrogatepass"), newline="")
        try:
            list(csv.reader(last, delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "end of data" in str(error):
                raise InputError(
                    "a quote is opened and never closed", file=self.path, row=number, fix=_FIX
                ) from None

    def result(self, encoding: str) -> tuple[list[Chunk], list[BadNote]]:
        self.bad += [
            (index, BadNote(self.path.name, index + 2, note_id, NO_TEXT))
            for index, note_id in (self.not_cp1252 if encoding == "cp1252" else self.not_utf)
        ]
        self.bad.sort(key=lambda item: item[0])
        left_out = iter(sorted({*self._blank, *(index for index, _ in self.bad)}))
        chunks: list[Chunk] = []
        first, pending = 0, next(left_out, None)
        for number, (start, stop, rows, check) in enumerate(self._bounds, start=self.scanning.first_chunk):
            inside = []
            while pending is not None and pending < first + rows:
                inside.append(pending - first)
                pending = next(left_out, None)
            chunks.append(
                Chunk(number, self.scanning.file, start, stop, first + 2, rows, tuple(inside), check)
            )
            first += rows
        return chunks, [note for _, note in self.bad]


def read_csv_chunk(file: NoteFile, chunk: Chunk) -> pd.DataFrame:
    """Read the notes of one chunk.

    Raises
    ------
    InputError
        The file is not as it was when it was scanned.
    """
    csv.field_size_limit(sys.maxsize)
    with Path(file.path).open("rb") as stream:
        stream.seek(chunk.start)
        data = stream.read(chunk.stop - chunk.start)
    if digest(data) != chunk.digest:
        raise changed_error(file.path)
    text = io.StringIO(data.decode(file.encoding, errors="replace"), newline="")
    left_out = set(chunk.left_out)
    rows = [
        [row[place] for place in file.columns.values()]
        for index, row in enumerate(csv.reader(text, delimiter=file.delimiter))
        if index not in left_out
    ]
    return notes_table(pd.DataFrame(rows, columns=pd.Index(list(file.columns)), dtype="str"), file.name)
