"""The four tables that every stage speaks: notes, codings, cases, profiles.

Offsets are Unicode code points into the note's text as read, half-open. Dates are
``datetime64[us]`` without time zone, ids are strings. A table is checked once, where it enters
the library; behind that border every stage trusts it.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from dagbog_nlp.columns import (
    DATE,
    as_dates,
    as_list,
    as_yes_no,
    is_blank,
    no_blank,
    no_double,
    no_doubled_columns,
    row_error,
    with_columns,
)
from dagbog_nlp.errors import InputError

GOALS = ("i mål", "på vej", "ikke i mål")
SEVERITIES = ("let", "mellem", "svær")
SOURCES = ("keyword", "classifier", "manual")
HOLDERS = ("professional", "family", "other")

NOTES = {"case_id": "str", "note_id": "str", "date": DATE, "text": "str"}
NOTES_OPTIONAL = {"focus": "str", "team": "str", "author": "str"}
CASES = {"case_id": "str"}
CASES_OPTIONAL = {
    "team": "str",
    "goal_attainment": "str",
    "severity": "str",
    "problems": "object",
    "enrolled": DATE,
    "discharged": DATE,
    "grants": "Int64",
    "network_meeting": "boolean",
    "reflective": "boolean",
}
CODINGS = {
    "coding_id": "str",
    "case_id": "str",
    "note_id": "str",
    "date": DATE,
    "start": "int64",
    "end": "int64",
    "code": "str",
    "score": "float64",
    "source": "str",
    "coder": "str",
    "cue_start": "Int64",
    "cue_end": "Int64",
    "rule_id": "str",
    "negated": "bool",
    "holder": "str",
    "hypothetical": "bool",
    "reported": "bool",
    "context": "str",
    "codebook": "str",
    "model": "str",
}
CODINGS_REQUIRED = ("case_id", "note_id", "start", "end", "code")
PROFILES = {
    "case_id": "str",
    "code": "str",
    "sentences": "int64",
    "notes": "int64",
    "share": "float64",
    "low": "float64",
    "high": "float64",
    "expected": "float64",
    "first_date": DATE,
    "last_date": DATE,
}
_DEFAULTS: dict[str, Any] = {
    "score": 1.0,
    "source": "manual",
    "coder": "manual",
    "negated": False,
    "hypothetical": False,
    "reported": False,
}


def empty(columns: dict[str, str]) -> pd.DataFrame:
    """Make a table without rows that has the declared columns and dtypes.

    Examples
    --------
    >>> list(empty(NOTES).columns)
    ['case_id', 'note_id', 'date', 'text']
    """
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})


def coding_ids(codings: pd.DataFrame) -> pd.Series:
    """Give each coding an id that depends only on what is coded, as what, and by whom.

    The same input gives the same id in every run and on every machine, so a coding that comes
    back from review can be matched.

    Parameters
    ----------
    codings
        Needs ``note_id, start, end, code, source, coder``.

    Returns
    -------
    pandas.Series
        16 hexadecimal digits a row, on the index of `codings`.
    """
    places = (codings[name].to_numpy().tolist() for name in ("start", "end"))
    names = (codings[name].astype(str).to_list() for name in ("note_id", "code", "source", "coder"))
    ids = [
        hashlib.blake2b(
            f"{note}\x1f{start}\x1f{end}\x1f{code}\x1f{source}\x1f{coder}".encode(), digest_size=8
        ).hexdigest()
        for note, code, source, coder, start, end in zip(*names, *places, strict=True)
    ]
    return pd.Series(ids, index=codings.index, dtype="str")


def check_notes(notes: pd.DataFrame, *, file: str | None = None) -> pd.DataFrame:
    """Return `notes` with the declared dtypes, or say which row breaks the contract.

    Parameters
    ----------
    notes
        At least ``case_id, note_id, date, text``. Further columns are kept as they are. A blank
        text and a blank date are allowed.
    file
        Name for error messages.

    Returns
    -------
    pandas.DataFrame
        A copy with a fresh index.

    Raises
    ------
    InputError
        On a missing or doubled column, no rows, a doubled or blank ``note_id``, a blank
        ``case_id``, a text that is not text, a date that is not a date.
    """
    frame = with_columns(notes, NOTES, NOTES_OPTIONAL, table="notes", file=file)
    no_blank(frame, "note_id", file)
    no_blank(frame, "case_id", file)
    no_double(frame, "note_id", file)
    not_text = ~frame["text"].isna() & ~frame["text"].map(lambda value: isinstance(value, str))
    if not_text.any():
        raise row_error(
            "the text is not text",
            frame,
            not_text,
            file,
            fix="store the column as text, or leave the row out",
        )
    broken = frame["text"].map(lambda value: isinstance(value, str) and not _is_unicode(value))
    if broken.any():
        raise row_error(
            "the text holds half of a surrogate pair, which is no character",
            frame,
            broken,
            file,
            fix="export the notes again as UTF-8",
        )
    frame["text"] = frame["text"].fillna("").astype("str")
    frame["date"] = as_dates(frame, "date", file)
    for name in NOTES_OPTIONAL:
        if name in frame:
            frame[name] = frame[name].astype("str")
    return frame


def check_cases(cases: pd.DataFrame, *, file: str | None = None) -> pd.DataFrame:
    """Return `cases` with the declared dtypes, or say which row breaks the contract.

    Parameters
    ----------
    cases
        At least ``case_id``. ``goal_attainment`` must be one of :data:`GOALS` or blank,
        ``severity`` one of :data:`SEVERITIES` or blank, ``problems`` a list or a text with commas.
    file
        Name for error messages.

    Returns
    -------
    pandas.DataFrame
        A copy with a fresh index.

    Raises
    ------
    InputError
        As :func:`check_notes`, and on an unknown goal or severity.
    """
    frame = with_columns(cases, CASES, CASES_OPTIONAL, table="cases", file=file)
    no_blank(frame, "case_id", file)
    no_double(frame, "case_id", file)
    for name, allowed in (("goal_attainment", GOALS), ("severity", SEVERITIES)):
        if name in frame:
            values = frame[name].astype("str").str.strip().str.lower().replace("", np.nan)
            unknown = ~values.isna() & ~values.isin(allowed)
            if unknown.any():
                raise row_error(
                    f"{name} is none of {', '.join(allowed)}", frame, unknown, file, fix="correct it"
                )
            frame[name] = values
    if "problems" in frame:
        frame["problems"] = pd.Series(
            [as_list(value) for value in frame["problems"]], index=frame.index, dtype="object"
        )
    for name in ("enrolled", "discharged"):
        if name in frame:
            frame[name] = as_dates(frame, name, file)
    if "grants" in frame:
        grants = pd.to_numeric(frame["grants"], errors="coerce")
        bad = (grants.isna() & ~is_blank(frame["grants"])) | (grants % 1).gt(0)
        if bad.any():
            raise row_error("grants is not a whole number", frame, bad, file, fix="correct it")
        frame["grants"] = grants.astype("Int64")
    for name in ("network_meeting", "reflective"):
        if name in frame:
            frame[name] = as_yes_no(frame, name, file)
    if "team" in frame:
        frame["team"] = frame["team"].astype("str")
    return frame


def check_codings(
    codings: pd.DataFrame, notes: pd.DataFrame | None = None, *, file: str | None = None
) -> pd.DataFrame:
    """Return `codings` with every declared column, filling what may be left out.

    A table of manual codings needs only ``case_id, note_id, start, end, code``.

    Parameters
    ----------
    codings
        The codings of a coder of any kind.
    notes
        When given, each coding must lie inside one of these notes; without a column ``text``, be of
        one of them.
    file
        Name for error messages.

    Returns
    -------
    pandas.DataFrame
        A copy with the columns of :data:`CODINGS` first and a fresh index.

    Raises
    ------
    InputError
        On a missing column, an unknown source, or positions outside the note.
    """
    no_doubled_columns(codings, file)
    missing = [name for name in CODINGS_REQUIRED if name not in codings]
    if missing:
        raise InputError(f"the codings lack the column(s) {', '.join(missing)}", file=file, fix="add them")
    frame = codings.reset_index(drop=True).copy()
    if notes is not None and "date" not in frame:
        frame["date"] = frame["note_id"].map(notes.set_index("note_id")["date"])
    for name, dtype in CODINGS.items():
        if name == "coding_id":
            continue
        if name not in frame:
            frame[name] = pd.Series(_DEFAULTS.get(name), index=frame.index, dtype=dtype)
        elif name in _DEFAULTS:
            frame[name] = frame[name].fillna(_DEFAULTS[name])
        frame[name] = as_dates(frame, name, file) if dtype == DATE else frame[name].astype(dtype)
    unknown = ~frame["source"].isin(SOURCES)
    if unknown.any():
        raise row_error(f"source is none of {', '.join(SOURCES)}", frame, unknown, file, fix="correct it")
    outside = (frame["start"] < 0) | (frame["end"] < frame["start"])
    if notes is not None:
        known = notes.set_index("note_id")
        strange = ~frame["note_id"].isin(known.index)
        if strange.any():
            raise row_error(
                "the coding is about a note that is not among the notes",
                frame,
                strange,
                file,
                fix="pass the notes that were coded",
            )
        if "text" in known:
            outside |= frame["end"] > frame["note_id"].map(known["text"].str.len()).astype("float64")
    if outside.any():
        raise row_error("the positions lie outside the note", frame, outside, file, fix="correct them")
    if "coding_id" not in frame:
        frame["coding_id"] = coding_ids(frame)
    rest = [name for name in frame.columns if name not in CODINGS]
    return frame[[*CODINGS, *rest]]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
