"""Turn the columns of a foreign frame into declared dtypes, or say which row is at fault."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from dagbog_nlp.errors import InputError, MissingColumnError

DATE = "datetime64[us]"
LONGEST_HEADING = 50


def with_columns(
    frame: pd.DataFrame,
    required: dict[str, str],
    optional: dict[str, str],
    *,
    table: str,
    file: str | None,
) -> pd.DataFrame:
    """Return a copy with the known columns first and ids as text; refuse missing columns and no rows."""
    no_doubled_columns(frame, file)
    missing = [name for name in required if name not in frame]
    if missing:
        found = headings_shown(frame)
        raise MissingColumnError(
            f"the {table} lack the column(s) {', '.join(missing)}; found {', '.join(found)}",
            table=table,
            missing=missing,
            found=found,
            file=file,
            fix=f"name your headings, read_{table}(..., columns={{'Your heading': '{missing[0]}'}})",
        )
    if len(frame) == 0:
        raise InputError(
            f"there are no {table}", file=file, fix="check that the file has rows below its heading"
        )
    known = [name for name in (*required, *optional) if name in frame]
    rest = [name for name in frame.columns if name not in known]
    out = frame[[*known, *rest]].reset_index(drop=True).copy()
    for name in ("note_id", "case_id"):
        if name in out:
            out[name] = as_ids(out[name])
    return out


def headings_shown(frame: pd.DataFrame) -> list[str]:
    """Return the headings for an error message: long ones by their place, as they may be a note's text.

    Examples
    --------
    >>> headings_shown(pd.DataFrame(columns=["S1", "Mor ringer. Hun fortæller længe om ugen, der er gået."]))
    ['S1', 'column 2']
    """
    # In a file without a heading row the first note stands in its place.
    names = [str(name) for name in frame.columns]
    return [
        name if len(name) <= LONGEST_HEADING else f"column {place}"
        for place, name in enumerate(names, start=1)
    ]


def no_doubled_columns(frame: pd.DataFrame, file: str | None) -> None:
    """Refuse a frame in which a column occurs twice."""
    doubled = frame.columns[frame.columns.duplicated()]
    if len(doubled):
        raise InputError(
            f"the column(s) {', '.join(sorted(set(map(str, doubled))))} occur more than once",
            file=file,
            fix="keep one of each",
        )


def as_ids(values: pd.Series) -> pd.Series:
    """Turn a column of ids into text; 1.0 of a spreadsheet becomes 1."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        values = values.astype("Int64")
    return values.astype("str").str.strip()


def is_blank(values: pd.Series) -> pd.Series:
    """Tell which values are missing or hold white space only."""
    return values.isna() | values.astype("str").str.strip().isin(["", "<NA>", "nan", "NaT"])


def no_blank(frame: pd.DataFrame, name: str, file: str | None) -> None:
    """Refuse a blank value in a column."""
    blank = is_blank(frame[name])
    if blank.any():
        raise row_error(f"{name} is blank", frame, blank, file, fix=f"give every row a {name}")


def no_double(frame: pd.DataFrame, name: str, file: str | None) -> None:
    """Refuse a value that occurs twice in a column."""
    doubled = frame[name].duplicated()
    if doubled.any():
        raise row_error(f"this {name} occurs twice", frame, doubled, file, fix=f"make {name} unique")


def row_error(
    problem: str, frame: pd.DataFrame, at_fault: pd.Series, file: str | None, *, fix: str
) -> InputError:
    """Make the error that names the first row at fault and says how many more there are."""
    position = int(np.flatnonzero(at_fault.to_numpy())[0])
    more = int(at_fault.sum()) - 1
    row = frame.iloc[position]
    return InputError(
        problem + (f" (and {more} more row(s))" if more else ""),
        file=file,
        row=position + 2,
        note_id=str(row["note_id"]) if "note_id" in frame else None,
        case_id=str(row["case_id"]) if "note_id" not in frame and "case_id" in frame else None,
        fix=fix,
    )


def as_dates(frame: pd.DataFrame, name: str, file: str | None) -> pd.Series:
    """Turn a column into dates without time zone; refuse what is none."""
    values = frame[name]
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.tz_localize(None)
    if not pd.api.types.is_datetime64_any_dtype(values):
        parsed = pd.to_datetime(values, errors="coerce", format="ISO8601")
        bad = parsed.isna() & ~is_blank(values)
        if bad.any():
            raise row_error(
                f"{name} is not a date",
                frame,
                bad,
                file,
                fix="write it as yyyy-mm-dd, or read it with read_notes",
            )
        values = parsed
    return values.astype(DATE)


def as_list(value: Any) -> list[str]:
    """Turn a text with commas, or any sequence, into a list of texts."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Iterable):
        return [str(part) for part in value]
    return []


def as_yes_no(frame: pd.DataFrame, name: str, file: str | None) -> pd.Series:
    """Turn ja and nej (or yes, no, true, false, 1, 0) into a nullable bool column; refuse the rest."""
    words = {
        "ja": True,
        "nej": False,
        "yes": True,
        "no": False,
        "true": True,
        "false": False,
        "1": True,
        "0": False,
    }
    text = frame[name].astype("str").str.strip().str.lower()
    answers = text.map(words)
    bad = answers.isna() & ~is_blank(frame[name])
    if bad.any():
        raise row_error(f"{name} is neither ja nor nej", frame, bad, file, fix="write ja or nej")
    return answers.astype("boolean")
