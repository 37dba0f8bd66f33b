"""The parts of a REFI-QDA project: cases, texts with their coded passages, and sets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import InputError
from dagbog_nlp.exchange.attributes import CASE, NOTE, Attribute, attributes, records, values
from dagbog_nlp.exchange.code_tree import CodeTree, build_codes
from dagbog_nlp.exchange.descriptions import describe, mark
from dagbog_nlp.exchange.names import guid, source_names, xml_text
from dagbog_nlp.exchange.positions import OWN_ORIGIN
from dagbog_nlp.exchange.source_text import RenderedText, Target, render
from dagbog_nlp.exchange.xml_write import Element, SubElement

_MOST_SET_VALUES = 60
_LONGEST_QUOTE = 100


@dataclass(frozen=True)
class Options:
    """How one export is written.

    Parameters
    ----------
    name
        Name of the project; makes ids the same each time.
    target, portable, newlines
        As in :func:`~dagbog_nlp.exchange.source_text.render`.
    codebook
        Names and definitions of the codes.
    when
        Time of the export.
    """

    name: str
    target: Target
    portable: bool
    newlines: str
    codebook: Codebook | None
    when: datetime

    def time(self, moment: Any = None) -> str:
        """Write a moment, or the time of the export, as the schema wants it."""
        at = self.when.astimezone(UTC) if moment is None or pd.isna(moment) else moment
        return f"{at.strftime('%Y-%m-%dT%H:%M:%S').rjust(19, '0')}Z"


class Project:
    """What the XML of one file is built from: the tables of one part, and the ids given out."""

    def __init__(
        self, notes: pd.DataFrame, codings: pd.DataFrame, cases: pd.DataFrame, options: Options
    ) -> None:
        self.notes, self.codings, self.cases, self.options = notes, codings, cases, options
        name = options.name
        self.case_guids = {case: guid(name, "case", case) for case in cases["case_id"]}
        extra = {self.case_guids[case]: f"{CASE}: {xml_text(case)}" for case in cases["case_id"]}
        self.tree: CodeTree = build_codes(
            codings["code"], options.codebook, name, extra if options.target.case_codes else None
        )
        coders = [OWN_ORIGIN, *(coder for coder in codings["coder"].unique() if coder != OWN_ORIGIN)]
        self.users = {coder: guid(name, "user", coder) for coder in coders}
        self.note_guids = {note: guid(name, "note", note) for note in notes["note_id"]}
        self.case_columns = attributes(
            cases, CASE, [str(c) for c in cases if c != "case_id" and cases[c].notna().any()], name
        )
        self.note_columns = attributes(
            notes, NOTE, [str(c) for c in notes if c not in {"case_id", "text"}], name
        )

    def guid(self, *parts: object) -> str:
        """Make an id that is the same in every export of this project."""
        return guid(self.options.name, *map(str, parts))


def case_elements(project: Project) -> list[Element]:
    """Write the ``Case`` elements, with attributes and links to their notes."""
    notes_of = project.notes.groupby("case_id", sort=False)["note_id"].agg(list).to_dict()
    elements = []
    for row in records(project.cases):
        case = row["case_id"]
        element = Element("Case", {"guid": project.case_guids[case], "name": xml_text(case)})
        element.extend(values(row, project.case_columns))
        for note in notes_of.get(case, []):
            SubElement(element, "SourceRef", {"targetGUID": project.note_guids[note]})
        elements.append(element)
    return elements


def source_elements(project: Project) -> Iterator[tuple[Element, RenderedText]]:
    """Write each note as a ``TextSource`` with its coded passages, beside the text itself."""
    options = project.options
    rows = records(project.codings.sort_values(["start", "end", "coder"], kind="stable"))
    by_note: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_note.setdefault(row["note_id"], []).append(row)
    names = source_names(project.notes["note_id"])
    for name, note in zip(names, records(project.notes), strict=True):
        if xml_text(note["note_id"]) != note["note_id"] or xml_text(note["case_id"]) != note["case_id"]:
            raise InputError(
                "an id holds a character that XML cannot hold", fix="rename the note or the case"
            )
        text = render(note["text"], options.target, portable=options.portable, newlines=options.newlines)
        key = project.note_guids[note["note_id"]]
        made = {"creatingUser": project.users[OWN_ORIGIN], "creationDateTime": options.time(note["date"])}
        element = Element(
            "TextSource", {"guid": key, "name": name, "plainTextPath": f"internal://{key}.txt"} | made
        )
        if text.changes:
            SubElement(element, "Description").text = mark({"line_ends": text.changes})
        if options.target.case_codes:
            element.append(_selection(project, note, text, (0, len(note["text"]), OWN_ORIGIN), []))
        spans = itertools.groupby(
            by_note.get(note["note_id"], []), lambda row: (row["start"], row["end"], row["coder"])
        )
        for span, coded in spans:
            element.append(_selection(project, note, text, span, list(coded)))
        element.extend(values(note, project.note_columns))
        yield element, text


def _selection(
    project: Project,
    note: dict[str, Any],
    text: RenderedText,
    span: tuple[int, int, str],
    coded: list[dict[str, Any]],
) -> Element:
    start, end, coder = span
    codes = {row["code"]: project.tree.guids[row["code"]] for row in coded} or {
        note["case_id"]: project.case_guids[note["case_id"]]
    }
    kind = "span" if coded else "case"
    made = {"creatingUser": project.users[coder], "creationDateTime": project.options.time()}
    attributes = {
        "guid": project.guid(kind, note["note_id"], start, end, coder),
        "name": _quote(note["text"][start:end]),
        "startPosition": str(text.place[start]),
        "endPosition": str(text.place[end]),
    }
    element = Element("PlainTextSelection", attributes | made)
    if coded:
        SubElement(element, "Description").text = describe(coded, project.tree.names, note["text"])
    for code, key in codes.items():
        identity = project.guid("coding", kind, note["note_id"], start, end, coder, code)
        coding = SubElement(element, "Coding", {"guid": identity} | made)
        SubElement(coding, "CodeRef", {"targetGUID": key})
    return element


def _quote(passage: str) -> str:
    words = " ".join(xml_text(passage).split())
    return words if len(words) <= _LONGEST_QUOTE else f"{words[:_LONGEST_QUOTE].rstrip()}…"


def set_elements(project: Project) -> list[Element]:
    """Write a ``Set`` of notes per case and per value of a short attribute."""
    groups: dict[str, list[str]] = {}
    members = project.notes.groupby("case_id", sort=False)["note_id"].agg(list).to_dict()
    for row in records(project.cases):
        mine = members.get(row["case_id"], [])
        groups.setdefault(f"{CASE}: {xml_text(row['case_id'])}", []).extend(mine)
        for item in _grouping(project.cases, project.case_columns):
            for value in values(row, [item]):
                groups.setdefault(f"{item.name}: {value[1].text}", []).extend(mine)
    elements = []
    for name, notes in groups.items():
        element = Element("Set", {"guid": project.guid("set", name), "name": name})
        for note in notes:
            SubElement(element, "MemberSource", {"targetGUID": project.note_guids[note]})
        elements.append(element)
    return elements


def _grouping(cases: pd.DataFrame, columns: list[Attribute]) -> list[Attribute]:
    short = [item for item in columns if item.kind in {"Text", "Boolean"}]
    return [item for item in short if cases[item.column].map(str).nunique() <= _MOST_SET_VALUES]
