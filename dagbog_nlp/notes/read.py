"""Read notes and cases from the files that Danish offices have, and check them once."""

from __future__ import annotations

import csv
import datetime as dt
import io
import pkgutil
import re
import sys
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import srsly

from dagbog_nlp.columns import headings_shown
from dagbog_nlp.errors import InputError, MissingColumnError
from dagbog_nlp.tables import DATE, check_cases, check_notes

DELIMITERS = ";,\t|"
ENCODINGS = ("utf-8-sig", "cp1252")
_EXCEL_EPOCH = dt.datetime(1899, 12, 30)
_EXCEL_DAYS = (10_000, 80_000)
_DAY_FIRST = re.compile(
    r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})(?:[ T]+(?:kl\.? *)?(\d{1,2})[:.](\d{2})(?::\d{2})?)?"
)
_SERIAL = re.compile(r"\d{5}(?:[.,]\d+)?")
_OTHER_STAGES = {".qdpx": "dagbog_nlp.exchange.qdpx_read:notes_frame"}


def read_notes(
    source: Any, *, columns: Mapping[str, str] | None = None, sheet: str | int = 0
) -> pd.DataFrame:
    """Read diary notes into the notes table.

    Parameters
    ----------
    source
        A path to a csv (delimiter ``;``, ``,``, tab or ``|``; UTF-8 with or without a byte order
        mark, or cp1252), xlsx, parquet or qdpx file, or a pandas or polars frame.
    columns
        Own headings, as ``{"Journalnummer": "case_id"}``. Danish and English headings such as
        ``sag``, ``notat_id``, ``dato``, ``tekst``, ``opmærksomhedspunkt`` are recognised without it.
    sheet
        Name or position of the sheet of an xlsx file.

    Returns
    -------
    pandas.DataFrame
        Columns ``case_id, note_id, date, text``, then ``focus, team, author`` where there, then all
        others. Dates may be written dd-mm-yyyy, dd/mm/yy, dd.mm.yyyy, ISO or as Excel serials.

    Raises
    ------
    InputError
        The file cannot be read, or breaks the contract of the notes table (see
        :func:`dagbog_nlp.tables.check_notes`).

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sag": ["A"], "notat_id": [1], "dato": ["03-02-2024"], "tekst": ["Fri."]})
    >>> read_notes(frame).loc[0, "date"].date().isoformat()
    '2024-02-03'
    """
    frame, name = _frame_of(source, sheet)
    frame = rename_headings(frame, "notes", columns, name)
    return check_notes(with_dates(frame, ("date",), name), file=name)


def read_cases(
    source: Any, *, columns: Mapping[str, str] | None = None, sheet: str | int = 0
) -> pd.DataFrame:
    """Read case data into the cases table.

    Parameters
    ----------
    source, columns, sheet
        As for :func:`read_notes`. Headings such as ``sag``, ``målopnåelse``, ``problemgrad``,
        ``problemkategori``, ``indskrevet``, ``udskrevet``, ``bevillinger``, ``netværksmøde`` are known.

    Returns
    -------
    pandas.DataFrame
        ``case_id`` and the columns of :data:`dagbog_nlp.tables.CASES_OPTIONAL` that are there, then
        all others. ``problems`` holds lists.

    Raises
    ------
    InputError
        As :func:`read_notes`.

    Examples
    --------
    >>> import pandas as pd
    >>> read_cases(pd.DataFrame({"sag": ["A"], "problemgrad": ["Svær"]})).loc[0, "severity"]
    'svær'
    """
    frame, name = _frame_of(source, sheet)
    frame = rename_headings(frame, "cases", columns, name)
    return check_cases(with_dates(frame, ("enrolled", "discharged"), name), file=name)


def parse_date(value: Any) -> dt.datetime | None:
    """Read one date as Danish offices write it; None where it is none.

    Examples
    --------
    >>> parse_date("3/2/24"), parse_date("45325"), parse_date("31-02-2024")
    (datetime.datetime(2024, 2, 3, 0, 0), datetime.datetime(2024, 2, 3, 0, 0), None)
    """
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)
    text = str(value).strip()
    try:
        if match := _DAY_FIRST.fullmatch(text):
            day, month, year, hour, minute = match.groups()
            return dt.datetime(_full_year(year), int(month), int(day), int(hour or 0), int(minute or 0))
        if _SERIAL.fullmatch(text) or isinstance(value, int | float | np.number):
            days = float(text.replace(",", "."))
            low, high = _EXCEL_DAYS
            return _EXCEL_EPOCH + dt.timedelta(days=days) if low <= days <= high else None
        return dt.datetime.fromisoformat(text).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _full_year(year: str) -> int:
    number = int(year)
    if len(year) == 4:
        return number
    return number + (2000 if number < 70 else 1900)


def _frame_of(source: Any, sheet: str | int) -> tuple[pd.DataFrame, str | None]:
    if isinstance(source, pd.DataFrame):
        return source, None
    if hasattr(source, "to_pandas"):
        return source.to_pandas(), None
    if not isinstance(source, str | Path):
        raise InputError(
            f"cannot read a {type(source).__name__}", fix="pass a path or a pandas or polars frame"
        )
    path = Path(source)
    if not path.is_file():
        raise InputError("there is no such file", file=path, fix="check the path")
    suffix = path.suffix.lower()
    if suffix in _OTHER_STAGES:
        return pkgutil.resolve_name(_OTHER_STAGES[suffix])(path), path.name
    readers = {".csv": _read_csv, ".txt": _read_csv, ".tsv": _read_csv, ".parquet": _read_parquet}
    if suffix in (".xlsx", ".xlsm"):
        return read_excel(path, sheet), path.name
    if suffix not in readers:
        raise InputError(
            f"files ending in {suffix or 'nothing'} are not read",
            file=path,
            fix="save it as csv, xlsx or parquet",
        )
    return readers[suffix](path), path.name


def decode(data: bytes, file: str | Path | None = None) -> str:
    """Decode the bytes of a text file as UTF-8 (with or without a mark), else as cp1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError("the encoding is neither UTF-8 nor cp1252", file=file, fix="save the file as CSV UTF-8")


def find_delimiter(heading: str) -> str:
    """Find the delimiter of a csv file by its heading line.

    Examples
    --------
    >>> find_delimiter('sag;"dato, tid";tekst')
    ';'
    """
    outside_quotes = re.sub(r'"[^"]*"', "", heading)
    return max(DELIMITERS, key=outside_quotes.count)


def _read_csv(path: Path) -> pd.DataFrame:
    csv.field_size_limit(sys.maxsize)
    text = decode(path.read_bytes(), path)
    if not text.strip():
        raise InputError("the file is empty", file=path, fix="export it again")
    delimiter = find_delimiter(text[: text.find("\n") if "\n" in text else None])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    heading = next(reader)
    rows = []
    for number, row in enumerate(reader, start=2):
        if not row:
            continue
        if len(row) != len(heading):
            raise InputError(
                f"the row has {len(row)} fields, the heading {len(heading)}",
                file=path,
                row=number,
                fix="put quotes around texts that hold delimiters, quotes or line breaks",
            )
        rows.append(row)
    return pd.DataFrame(rows, columns=pd.Index(heading), dtype="str")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except Exception as error:
        raise InputError("the parquet file cannot be read", file=path, fix="write it again") from error


def read_excel(path: Path, sheet: str | int) -> pd.DataFrame:
    """Read one sheet as it is, blank cells as missing."""
    try:
        cells = pd.read_excel(path, sheet_name=sheet, dtype=object, keep_default_na=False, na_values=[""])
    except Exception as error:
        raise InputError(
            "the Excel file or sheet cannot be read", file=path, fix="save it as xlsx and check sheet="
        ) from error
    return cells.infer_objects()


@cache
def _known_headings(table: str) -> dict[str, str]:
    resource = files("dagbog_nlp.resources").joinpath("headings.yaml").read_text("utf-8")
    known = srsly.yaml_loads(resource)[table]
    return {_plain(alias): name for name, aliases in known.items() for alias in aliases}


def _plain(heading: object) -> str:
    text = unicodedata.normalize("NFC", str(heading)).lower()
    for letter, spelling in (("æ", "ae"), ("ø", "oe"), ("å", "aa")):
        text = text.replace(letter, spelling)
    return re.sub(r"[\s_\-./:\ufeff]", "", text)


def rename_headings(
    frame: pd.DataFrame, table: str, columns: Mapping[str, str] | None, file: str | None
) -> pd.DataFrame:
    """Give the columns of the table ``notes`` or ``cases`` their declared names."""
    own = dict(columns or {})
    absent = [str(name) for name in own if name not in frame]
    if absent:
        found = headings_shown(frame)
        raise MissingColumnError(
            f"there is no column {', '.join(absent)}",
            table=table,
            missing=absent,
            found=found,
            given=True,
            file=file,
            fix=f"choose among {', '.join(found)}",
        )
    known = _known_headings(table)
    names = [own.get(name) or known.get(_plain(name), str(name)) for name in frame.columns]
    if own:
        taken = set(own.values())
        names = [
            old if new in taken and old not in own else new
            for old, new in zip(frame.columns, names, strict=True)
        ]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        old = [str(o) for o, n in zip(frame.columns, names, strict=True) if n in doubled]
        raise InputError(
            f"the columns {', '.join(old)} all mean {', '.join(doubled)}",
            file=file,
            fix="rename or drop all but one",
        )
    return frame.set_axis(names, axis=1)


def with_dates(frame: pd.DataFrame, names: tuple[str, ...], file: str | None) -> pd.DataFrame:
    """Read the named columns as dates, or say which row holds none."""
    frame = frame.copy()
    for name in names:
        if name not in frame or pd.api.types.is_datetime64_any_dtype(frame[name]):
            continue
        values = frame[name]
        blank = values.isna() | values.astype("str").str.strip().eq("")
        read = {value: parse_date(value) for value in values[~blank].unique()}
        dates = values.where(~blank).map(read)
        bad = dates.isna() & ~blank
        if bad.any():
            position = int(np.flatnonzero(bad.to_numpy())[0])
            row = frame.iloc[position]
            raise InputError(
                f"the date in column {name} does not exist or is not written as a date",
                file=file,
                row=position + 2,
                note_id=str(row["note_id"]) if "note_id" in frame else None,
                case_id=str(row["case_id"]) if "case_id" in frame else None,
                fix="write it as dd-mm-yyyy or yyyy-mm-dd",
            )
        frame[name] = pd.to_datetime(dates).astype(DATE)
    return frame
