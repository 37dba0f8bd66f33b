"""What a chunk of a file of notes is, and the check that each row passes before it is coded."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.read import parse_date, rename_headings, with_dates
from dagbog_nlp.tables import NOTES, NOTES_OPTIONAL, check_notes

NO_NOTE_ID = "notatet har intet note_id"
DOUBLED_NOTE_ID = "note_id er brugt før"
NO_CASE = "notatet har ingen sag"
NO_DATE = "datoen findes ikke"
NO_TEXT = "teksten er ikke tekst"


@dataclass(frozen=True)
class NoteFile:
    """A file of notes as it was when it was scanned.

    Attributes
    ----------
    path
        Where it is.
    kind
        ``csv``, ``parquet`` or ``excel``.
    columns
        The file's own headings (csv: their positions) by the names of the notes table.
    digest
        Hash of the whole content.
    size, changed
        Bytes, and time of the last change in nanoseconds.
    delimiter, encoding
        Of a csv file.
    """

    path: str
    kind: str
    columns: Mapping[str, Any]
    digest: str
    size: int
    changed: int
    delimiter: str = ""
    encoding: str = ""

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.path).name


@dataclass(frozen=True)
class Chunk:
    """Rows of a file that are read and coded together.

    Attributes
    ----------
    number
        Place among all chunks of the run, from 0.
    file
        Place of its file among the run's files.
    start, stop
        Half-open: bytes of a csv file, rows below the heading of others.
    first_row
        Its first row as a spreadsheet counts (the heading is row 1).
    rows
        How many rows it has, bad and blank ones too.
    left_out
        Which of them, from 0, are not coded.
    digest
        Hash of its bytes (csv only).
    """

    number: int
    file: int
    start: int
    stop: int
    first_row: int
    rows: int
    left_out: tuple[int, ...] = ()
    digest: str = ""

    @property
    def notes(self) -> int:
        """How many notes it has to code."""
        return self.rows - len(self.left_out)

    def row_of(self, position: int) -> int:
        """The row, as a spreadsheet counts, of the note at a position among those to code."""
        left_out = set(self.left_out)
        return [self.first_row + row for row in range(self.rows) if row not in left_out][position]


@dataclass(frozen=True)
class BadNote:
    """A row that cannot be coded: where it is and why, never what it says."""

    file: str
    row: int
    note_id: str
    reason: str


class RowCheck:
    """Looks at each row of a run once, in order; knows every ``note_id`` it has seen.

    An id is kept as a 64-bit number, so that a million of them take some 60 MB.
    """

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._dates: dict[str, bool] = {}

    def problem(self, case_id: str, note_id: str, date: Any) -> str | None:
        """Say what is wrong with a row, or None.

        Examples
        --------
        >>> check = RowCheck()
        >>> check.problem("S1", "N1", "03-02-2024"), check.problem("S1", "N1", "")
        (None, 'note_id er brugt før')
        >>> check.problem("S1", "N2", "31-02-2024")
        'datoen findes ikke'
        """
        if not note_id:
            return NO_NOTE_ID
        if not case_id:
            return NO_CASE
        if not self._is_date(date):
            return NO_DATE
        key = hash(note_id)
        if key in self._seen:
            return DOUBLED_NOTE_ID
        self._seen.add(key)
        return None

    def _is_date(self, value: Any) -> bool:
        if value is None or value is pd.NaT or isinstance(value, dt.date):
            return True
        key = str(value).strip()
        if key not in self._dates:
            self._dates[key] = not key or key == "nan" or parse_date(value) is not None
        return self._dates[key]


@dataclass(frozen=True)
class Scanning:
    """What the scan of one file needs to know of the run.

    Attributes
    ----------
    file, first_chunk
        The file's place among the files, and the number of its first chunk.
    chunk_notes
        Rows of a chunk.
    columns
        Own headings.
    check
        Has seen the rows of the files before.
    """

    file: int
    first_chunk: int
    chunk_notes: int
    columns: Mapping[str, str] | None
    check: RowCheck


Scanned = tuple[NoteFile, list[Chunk], list[BadNote]]


def changed_error(path: str) -> InputError:
    """Say that a file is not as it was when it was scanned."""
    return InputError(
        "the file was changed after the run began",
        file=path,
        fix="put the file back as it was, or code it anew (on_change='recode')",
    )


def identifier(value: Any) -> str:
    """Write an id as the notes table holds it.

    Examples
    --------
    >>> identifier(7.0), identifier(" A7 "), identifier(None)
    ('7', 'A7', '')
    """
    if value is None or pd.isna(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def notes_columns(headings: list[Any], columns: Mapping[str, str] | None, file: str) -> dict[str, int]:
    """Find the columns of the notes table among a file's headings.

    Returns
    -------
    dict of str to int
        Position of each declared column that is there.

    Raises
    ------
    InputError
        A column is missing or doubled.
    """
    renamed = rename_headings(pd.DataFrame(columns=pd.Index(headings)), "notes", columns, file)
    names = [str(name) for name in renamed.columns]
    blank_row = {name: "1" if name in ("case_id", "note_id") else "" for name in names}
    check_notes(pd.DataFrame([list(blank_row.values())], columns=pd.Index(list(blank_row))), file=file)
    return {name: names.index(name) for name in (*NOTES, *NOTES_OPTIONAL) if name in names}


def notes_table(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Make the notes table of rows that passed :class:`RowCheck`."""
    if not len(frame):
        return frame
    frame = frame.assign(
        case_id=frame["case_id"].map(identifier).astype("str"),
        note_id=frame["note_id"].map(identifier).astype("str"),
    )
    return check_notes(with_dates(frame, ("date",), file), file=file)


def digest(data: bytes) -> str:
    """Hash bytes, 32 hexadecimal digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def file_digest(path: Path) -> str:
    """Hash a file without holding it in memory."""
    state = hashlib.blake2b(digest_size=16)
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            state.update(block)
    return state.hexdigest()
