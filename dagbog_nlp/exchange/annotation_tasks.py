"""What the exchange with every annotation tool shares: a text, spans on it, and the way back to the notes.

Texts go out with LF line ends, since the tools show them in a browser, which knows no others. What
comes back is aligned with the notes that were sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.attributes import records
from dagbog_nlp.exchange.names import slug
from dagbog_nlp.exchange.positions import STANDARD, Positions, SourceText, choose_reading, locate
from dagbog_nlp.exchange.qdpx_parse import Exceptions
from dagbog_nlp.exchange.source_text import TARGETS, align, render
from dagbog_nlp.tables import CODINGS, NOTES, SOURCES, check_codings, check_notes, empty

LARGEST = 2**30


@dataclass(frozen=True)
class Annotations:
    """What was read from an annotation tool.

    Parameters
    ----------
    notes, codings
        The tables.
    exceptions
        What could not be read: ``problem, note_id, code, start, end``; never any text.
    """

    notes: pd.DataFrame
    codings: pd.DataFrame
    exceptions: pd.DataFrame

    def __repr__(self) -> str:
        sizes = f"{len(self.notes)} notes, {len(self.codings)} codings, {len(self.exceptions)} exceptions"
        return f"Annotations({sizes})"


@dataclass
class Task:
    """A text with the passages that a tool marked in it."""

    note_id: str
    case_id: str
    date: Any
    source: SourceText
    codings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, start: Any, end: Any, quote: Any, coding: dict[str, Any], exceptions: Exceptions) -> None:
        """Take one marked passage, or list why not."""
        if type(start) is not int or type(end) is not int or not isinstance(coding["code"], str):
            exceptions.add("a position is no whole number, or the label is no text", self.note_id)
            return
        self.source.starts.append(start)
        self.source.ends.append(end)
        self.source.quotes.append(quote if isinstance(quote, str) else "")
        self.codings.append(coding)


def rendered(
    notes: pd.DataFrame, codings: pd.DataFrame
) -> Iterator[tuple[dict[str, Any], str, Positions, list[dict[str, Any]]]]:
    """Give each note, its text as it goes out, where each code point lies in that, and its codings."""
    notes = check_notes(notes)
    table = check_codings(codings, notes) if len(codings) else empty(CODINGS)
    by_note: dict[str, list[dict[str, Any]]] = {}
    for row in records(table.sort_values(["start", "end"], kind="stable")):
        by_note.setdefault(row["note_id"], []).append(row)
    for note in records(notes):
        text = render(note["text"], TARGETS["standard"], portable=False, newlines="keep")
        yield note, text.shown, text.place, by_note.get(note["note_id"], [])


def identity(note: dict[str, Any]) -> dict[str, Any]:
    """What a task must carry for its note to be known again."""
    date = None if pd.isna(note["date"]) else note["date"].isoformat()
    return {"note_id": note["note_id"], "case_id": note["case_id"], "date": date}


def parse_json(data: bytes, file: Path) -> Any:
    """Parse JSON, or say without any text that it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ExchangeError(
            f"it is no JSON ({type(error).__name__})", file=file, fix="export it again"
        ) from None


def task_of(identity: Any, text: str, number: int) -> Task:
    """Begin a task for a text, with what it carries of its note."""
    identity = identity if isinstance(identity, dict) else {}
    note_id, case_id = (identity.get(name) for name in ("note_id", "case_id"))
    return Task(
        str(note_id or identity.get("id") or number),
        str(case_id or "uden sag"),
        identity.get("date"),
        SourceText(text),
    )


def code_of(label: Any, codebook: Codebook | None) -> Any:
    """Turn a tool's label into a code path; None when it is no text."""
    if not isinstance(label, str) or not label.strip():
        return None
    paths = [
        code.path
        for code in codebook or ()
        if label.casefold() in {code.path.casefold(), code.label.casefold()}
    ]
    return paths[0] if len(paths) == 1 else "/".join(slug(part) for part in label.split("/"))


def assemble(
    tasks: Iterable[Task],
    notes: pd.DataFrame | None,
    exceptions: Exceptions,
    file: Path,
    *,
    known: bool = False,
) -> Annotations:
    """Turn tasks into tables; `known` when positions are sure to be code points."""
    tasks = list(tasks)
    reading = STANDARD if known else choose_reading([task.source for task in tasks], None, file=file.name)
    sent = {} if notes is None else {row["note_id"]: row for row in records(check_notes(notes))}
    kept: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for task in tasks:
        row = {"case_id": task.case_id, "note_id": task.note_id, "date": task.date, "text": task.source.raw}
        if notes is not None and task.note_id not in sent:
            exceptions.add("the note is not among the notes given", task.note_id)
            continue
        row = sent.get(task.note_id, row)
        aligned = align(task.source.raw, row["text"])
        if aligned is None:
            exceptions.add("the words of the note have changed", task.note_id)
            continue
        kept.append(row)
        starts, ends = locate(task.source, reading)
        for start, end, coding in zip(starts.tolist(), ends.tolist(), task.codings, strict=True):
            if start < 0 or end < start:
                exceptions.add("the positions lie outside the text", task.note_id, coding["code"])
                continue
            place = {"start": int(aligned[0][start]), "end": int(aligned[1][end])}
            rows.append({"case_id": row["case_id"], "note_id": task.note_id} | coding | place)
    frame = pd.DataFrame(kept).drop_duplicates("note_id") if kept else pd.DataFrame(kept)
    table = check_notes(frame, file=file.name) if kept else empty(NOTES)
    if rows:
        codings = pd.DataFrame(rows)
        if "source" in codings:
            codings["source"] = np.where(codings["source"].isin(SOURCES), codings["source"], "manual")
    return Annotations(
        table, check_codings(codings, table) if rows else empty(CODINGS), exceptions.to_frame()
    )
