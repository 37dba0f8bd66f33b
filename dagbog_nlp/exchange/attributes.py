"""Columns of the notes and cases as typed REFI-QDA variables, and back.

QualCoder takes a variable of cases and one of notes for the same when their names are, so each
name begins with what it is about, as NVivo writes it: ``Sag:Team``, ``Notat:Team``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import pandas as pd

from dagbog_nlp.exchange.names import guid, xml_text
from dagbog_nlp.exchange.xml_write import Element, SubElement
from dagbog_nlp.tables import DATE

CASE, NOTE = "Sag", "Notat"
LABELS = {
    CASE: {
        "team": "Team",
        "goal_attainment": "Målopnåelse",
        "severity": "Problemgrad",
        "problems": "Problemkategorier",
        "enrolled": "Indskrevet",
        "discharged": "Udskrevet",
        "grants": "Bevillinger",
        "network_meeting": "Netværksmøde",
        "reflective": "Reflekteret indsatsjustering",
    },
    NOTE: {
        "note_id": "Notat-id",
        "date": "Dato",
        "focus": "Opmærksomhedspunkt",
        "team": "Team",
        "author": "Forfatter",
    },
}
_DTYPES: dict[str, Any] = {
    "Boolean": "boolean",
    "Integer": "Int64",
    "Float": "float64",
    "Date": DATE,
    "DateTime": DATE,
}


@dataclass(frozen=True)
class Attribute:
    """A column as a variable.

    Parameters
    ----------
    guid, name
        Id and name in the file.
    kind
        Text, Boolean, Integer, Float, Date or DateTime.
    column
        Name of the column.
    """

    guid: str
    name: str
    kind: str
    column: str


def attributes(frame: pd.DataFrame, about: str, columns: Iterable[str], project: str) -> list[Attribute]:
    """Make a variable of each of `columns`.

    Parameters
    ----------
    frame
        The notes or the cases.
    about
        :data:`CASE` or :data:`NOTE`.
    columns
        The columns to take.
    project
        Makes ids the same each time.

    Returns
    -------
    list of Attribute
        Names differ even when case is ignored.
    """
    found: list[Attribute] = []
    taken: set[str] = set()
    for column in columns:
        name = label = f"{about}:{LABELS[about].get(column) or xml_text(column)}"
        while name.casefold() in taken:
            name = f"{label} ({len(taken)})"
        taken.add(name.casefold())
        found.append(Attribute(guid(project, "variable", name), name, _kind(frame[column]), str(column)))
    return found


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table whose columns have text names."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def declare(found: Iterable[Attribute]) -> list[Element]:
    """Write the ``Variable`` elements."""
    return [
        Element("Variable", {"guid": item.guid, "name": item.name, "typeOfVariable": item.kind})
        for item in found
    ]


def values(row: Mapping[str, Any], found: Iterable[Attribute]) -> list[Element]:
    """Write the ``VariableValue`` elements of one note or case; blank values are left out."""
    elements = []
    for item in found:
        text = _written(row[item.column], item.kind)
        if text is not None:
            element = Element("VariableValue")
            SubElement(element, "VariableRef", {"targetGUID": item.guid})
            SubElement(element, f"{item.kind}Value").text = text
            elements.append(element)
    return elements


def read_values(element: Element, names: Mapping[str, str]) -> dict[str, str]:
    """Read the ``VariableValue`` elements below `element`: text per variable name."""
    found = {}
    for value in element.iterfind("VariableValue"):
        name = names.get(reference(value.find("VariableRef")))
        held = next((child for child in value if child.tag.endswith("Value")), None)
        if name and held is not None:
            found[name] = held.text or ""
    return found


def reference(element: Element | None) -> str:
    """Return the id that a reference points to, upper case without braces."""
    return "" if element is None else (element.get("targetGUID") or "").strip("{} ").upper()


def columns_of(frame: pd.DataFrame, about: str, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Rename variables to columns and give them their types.

    Parameters
    ----------
    frame
        One column per variable name, text.
    about
        :data:`CASE` or :data:`NOTE`; what stands before the colon of a name is dropped.
    kinds
        Type per variable name. A column in which a value does not fit its type stays text.

    Returns
    -------
    pandas.DataFrame
    """
    back = {label: column for column, label in LABELS[about].items()}
    out: dict[str, pd.Series] = {}
    for name in frame:
        bare = str(name).partition(":")[2] or str(name)
        column = back.get(bare, bare)
        out[str(name) if column in out else column] = _typed(frame[name], kinds.get(str(name), "Text"))
    return pd.DataFrame(out, index=frame.index)


def _kind(column: pd.Series) -> str:
    if pd.api.types.is_bool_dtype(column):
        return "Boolean"
    if pd.api.types.is_integer_dtype(column):
        return "Integer"
    if pd.api.types.is_float_dtype(column):
        return "Float"
    if pd.api.types.is_datetime64_any_dtype(column):
        return "Date" if (column.dropna() == column.dropna().dt.normalize()).all() else "DateTime"
    return "Text"


def _written(value: Any, kind: str) -> str | None:
    if isinstance(value, list | tuple):
        return xml_text(", ".join(map(str, value)))
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if kind in {"Date", "DateTime"}:
        moment = value.tz_localize(None)
        return str(moment.date().isoformat() if kind == "Date" else moment.isoformat())
    if kind == "Float":
        return format(Decimal(repr(float(value))), "f") if math.isfinite(value) else None
    return str(bool(value)).lower() if kind == "Boolean" else xml_text(value)


def _typed(column: pd.Series, kind: str) -> pd.Series:
    dtype = _DTYPES.get(kind)
    if dtype is None:
        return column.astype("str")
    try:
        if dtype == DATE:
            return pd.to_datetime(column, format="ISO8601", utc=True).dt.tz_localize(None).astype(dtype)
        if dtype == "boolean":
            return column.map({"true": True, "1": True, "false": False, "0": False}).astype("boolean")
        return pd.to_numeric(column).astype(dtype)
    except (ValueError, TypeError, OverflowError):
        return column.astype("str")
