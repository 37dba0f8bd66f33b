"""The memo of a coding: for people to read, and for us to read back.

The standard has no place for a score or a rule, so they go into the description of the selection,
which other programs show as the coding's memo. The first lines are for people; the last line
holds the same as JSON, behind a mark.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dagbog_nlp.exchange.names import xml_text
from dagbog_nlp.tables import CODINGS

MARK = "dagbog_nlp:"
_HOW = {"keyword": "nøgleord", "classifier": "klassifikator", "manual": "kodet i hånden"}
_PLACED_BY_FILE = {"case_id", "note_id", "date", "start", "end", "code", "coder", "coding_id"}


def describe(codings: Iterable[Mapping[str, Any]], names: Mapping[str, str], text: str) -> str:
    """Write the memo of one coder's codings of one span.

    Parameters
    ----------
    codings
        Rows of the codings table; columns beyond the declared ones are carried too.
    names
        Name per code path.
    text
        The note, for the words that gave the coding away.

    Returns
    -------
    str
        Lines for people, then one line of JSON.
    """
    lines, entries = [], []
    for row in codings:
        entries.append(carried(row))
        lines.append(_sentence(row, names.get(row["code"], row["code"]), text))
    return xml_text("\n".join([*lines, mark(entries)]))


def carried(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file must carry along of a coding, beside its place and its coder."""
    kept = {name: _plain(value) for name, value in row.items() if name not in _PLACED_BY_FILE}
    said = {k: v for k, v in kept.items() if v is not None and not (v is False and k in CODINGS)}
    return {"code": row["code"]} | said


def mark(data: Any) -> str:
    """Write `data` as one marked line."""
    return f"{MARK} {json.dumps(data, ensure_ascii=True, separators=(',', ':'))}"


def unmark(description: str | None) -> tuple[str, Any]:
    r"""Split a description into what people wrote and what :func:`mark` wrote (None when nothing).

    Examples
    --------
    >>> unmark("Enig.\n" + mark({"a": 1}))
    ('Enig.', {'a': 1})
    >>> unmark("dagbog_nlp: {broken")
    ('dagbog_nlp: {broken', None)
    """
    human: list[str] = []
    data: Any = None
    for line in (description or "").splitlines():
        if line.strip().startswith(MARK):
            try:
                data = json.loads(line.strip().removeprefix(MARK))
                continue
            except ValueError:
                data = None
        human.append(line)
    return "\n".join(human).strip(), data


def entries_for(data: Any, code: str) -> list[dict[str, Any]]:
    """Take from unmarked `data` what was noted about `code`, checked field by field.

    Parameters
    ----------
    data
        The second value of :func:`unmark`; anything at all.
    code
        A code path.

    Returns
    -------
    list of dict
        Column values; a field of another type than its column is left out.
    """
    if not isinstance(data, list):
        return []
    found = []
    for entry in data:
        if isinstance(entry, dict) and entry.get("code") == code:
            fields = {str(k): v for k, v in entry.items() if k not in _PLACED_BY_FILE and _fits(str(k), v)}
            found.append(fields)
    return found


def _sentence(row: Mapping[str, Any], name: str, text: str) -> str:
    parts = [_HOW.get(str(row.get("source")), str(row.get("source")))]
    score = row.get("score")
    if row.get("source") != "manual" and score is not None and not pd.isna(score):
        parts.append(f"sikkerhed {float(score):.2f}".replace(".", ","))
    if _known(row.get("rule_id")):
        parts.append(f"regel {row['rule_id']}")
    if _known(row.get("cue_start")) and _known(row.get("cue_end")):
        parts.append(f"ord: »{text[int(row['cue_start']) : int(row['cue_end'])]}«")
    if row.get("negated") is True:
        parts.append("benægtet")
    return f"{name}: {' · '.join(parts)}"


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _plain(value: Any) -> Any:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if isinstance(value, bool | int | float | str):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def _fits(column: str, value: Any) -> bool:
    dtype = CODINGS.get(column)
    if dtype == "bool":
        return isinstance(value, bool)
    if dtype == "float64":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if dtype in {"Int64", "int64"}:
        return isinstance(value, int) and not isinstance(value, bool)
    if dtype == "str":
        return isinstance(value, str)
    return isinstance(value, bool | int | float | str)
