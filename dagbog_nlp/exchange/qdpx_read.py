"""A REFI-QDA project from NVivo, ATLAS.ti, MAXQDA, QualCoder or ourselves, as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.attributes import CASE, LABELS, NOTE, columns_of, records
from dagbog_nlp.exchange.code_tree import as_codebook
from dagbog_nlp.exchange.descriptions import entries_for, unmark
from dagbog_nlp.exchange.positions import NVIVO, STANDARD, Positions, Reading, choose_reading, locate
from dagbog_nlp.exchange.qdpx_parse import Exceptions, RawCoding, RawProject, RawSource, parse_project
from dagbog_nlp.exchange.source_text import align, restore
from dagbog_nlp.tables import CASES, CODINGS, DATE, NOTES, SOURCES, check_codings, empty

_NO_CASE = "uden sag"
_NOTE_ID = f"{NOTE}:{LABELS[NOTE]['note_id']}"
_FORCED = {"code points": STANDARD, "utf-16": NVIVO}


@dataclass(frozen=True)
class QdaProject:
    """A project that was read.

    Parameters
    ----------
    notes, codings, cases
        The tables, as everywhere in the library.
    codebook
        The codes of the file, with definitions where they were given.
    exceptions
        What could not be read: ``problem, note_id, code, start, end``; never any text.
    origin
        The program that wrote the file, as it calls itself.
    reading
        How its positions were counted.
    """

    notes: pd.DataFrame
    codings: pd.DataFrame
    cases: pd.DataFrame
    codebook: Codebook
    exceptions: pd.DataFrame
    origin: str | None
    reading: Reading

    def __repr__(self) -> str:
        return (
            f"QdaProject({len(self.notes)} notes, {len(self.codings)} codings, {len(self.cases)} cases,"
            f" {len(self.codebook)} codes, {len(self.exceptions)} exceptions; positions in {self.reading})"
        )


def read_qdpx(
    path: str | Path,
    *,
    notes: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    positions: Literal["auto", "code points", "utf-16"] = "auto",
) -> QdaProject:
    """Read a REFI-QDA project.

    Programs count positions differently. The way is guessed from the program that wrote the file,
    checked against the quotes in it or else against word boundaries, and refused where it is not clear.
    Codings are matched by note, code and place, never by the ids of the file, which every program
    makes anew.

    Parameters
    ----------
    path
        The ``.qdpx`` file.
    notes
        The notes that were sent out. The codings then hold their ids and places in their texts, also
        where a program changed line ends or emoji. Without them the notes are those of the file.
    codebook
        Gives the paths of codes by their labels, for files that we did not write.
    positions
        "code points" or "utf-16" for files whose way of counting cannot be told.

    Returns
    -------
    QdaProject
        With ``notes, codings, cases, codebook, exceptions``.

    Raises
    ------
    ExchangeError
        When the file is no readable project, or its way of counting positions cannot be told.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from dagbog_nlp.exchange.qdpx_write import write_qdpx
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Mor græder 😢. Far trøster."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [14], "end": [26],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     project = read_qdpx(write_qdpx(f"{folder}/aar.qdpx", notes, codings, target="nvivo")[0])
    >>> project.codings[["note_id", "start", "end", "code"]].values.tolist()
    [['N1', 14, 26, 'relationsarbejde/trøste']]
    """
    file = Path(path)
    if positions not in {"auto", *_FORCED}:
        raise ExchangeError("an unknown way of counting", fix=f"use one of auto, {', '.join(_FORCED)}")
    exceptions = Exceptions()
    raw = parse_project(file, codebook, exceptions)
    reading = _FORCED.get(positions) or choose_reading(
        [source.text for source in raw.sources], raw.origin, file=file.name
    )
    case_of, case_rows = _cases(raw, exceptions)
    read = list(_notes(raw, notes, case_of, reading, exceptions))
    table = _note_table(read, notes, raw.kinds)
    rows = [row for item in read for row in _codings(item, raw, exceptions)]
    codings = check_codings(pd.DataFrame(rows), table) if rows else empty(CODINGS)
    return QdaProject(
        table,
        codings,
        _case_table(case_rows, table, raw.kinds),
        as_codebook(
            (code for code in raw.codes if code.guid not in {case.guid for case in raw.cases}), raw.name
        ),
        exceptions.to_frame(),
        raw.origin,
        reading,
    )


def notes_frame(path: str | Path) -> pd.DataFrame:
    """Read only the notes of a project, for :func:`dagbog_nlp.read_notes`."""
    return read_qdpx(path).notes


@dataclass(frozen=True)
class _ReadNote:
    source: RawSource
    row: dict[str, Any]
    starts: Positions
    ends: Positions


def _cases(raw: RawProject, exceptions: Exceptions) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Case per source id; one row of attribute values per case."""
    case_of: dict[str, str] = {}
    rows: list[dict[str, str]] = []
    by_code: dict[str, str] = {}
    sources = {source.guid: source for source in raw.sources}
    for case in raw.cases:
        if not case.name:
            for key in case.sources:
                if key in sources:
                    sources[key].values |= case.values
            continue
        rows.append({"case_id": case.name} | case.values)
        by_code |= dict.fromkeys([case.guid, *case.codes], case.name)
        for key in case.sources:
            if case_of.setdefault(key, case.name) != case.name:
                name = sources[key].name if key in sources else None
                exceptions.add("the note belongs to two cases; the first is kept", name)
    for source in raw.sources:
        for coding in [*source.whole, *(coding for passage in source.codings for coding in passage)]:
            if coding.code in by_code:
                case_of.setdefault(source.guid, by_code[coding.code])
    return case_of, rows


def _notes(
    raw: RawProject,
    sent: pd.DataFrame | None,
    case_of: dict[str, str],
    reading: Reading,
    exceptions: Exceptions,
) -> Iterator[_ReadNote]:
    known = {} if sent is None else {row["note_id"]: row for row in records(sent)}
    taken: Counter[str] = Counter()
    for source in raw.sources:
        note_id = source.values.pop(_NOTE_ID, "").strip() or source.name
        changes = unmark(source.memo)[1]
        code = str(changes.get("line_ends", "")) if isinstance(changes, dict) else ""
        starts, ends = locate(source.text, reading)
        try:
            text, place = restore(source.text.raw, code)
        except ExchangeError:
            text, place = restore(source.text.raw, "")
            if sent is None:
                exceptions.add("the line ends are not as they were sent; they are LF now", note_id)
        starts, ends = _through(place, starts), _through(place, ends)
        row = {
            "case_id": case_of.get(source.guid, _NO_CASE),
            "note_id": note_id,
            "text": text,
        } | source.values
        if sent is not None:
            if note_id not in known:
                exceptions.add("the note is not among the notes given", note_id)
                continue
            row = known[note_id]
            aligned = align(text, row["text"])
            if aligned is None:
                exceptions.add("the words of the note have changed", note_id)
                continue
            starts, ends = _through(aligned[0], starts), _through(aligned[1], ends)
        taken[note_id] += 1
        if taken[note_id] > 1:
            exceptions.add("a second note has this id; its codings are left out", note_id)
            continue
        yield _ReadNote(source, row, starts, ends)


def _through(place: Positions, positions: Positions) -> Positions:
    return np.where(positions < 0, -1, place[positions])


def _codings(item: _ReadNote, raw: RawProject, exceptions: Exceptions) -> Iterator[dict[str, Any]]:
    paths = {code.guid: code.path for code in raw.codes}
    cases = {case.guid for case in raw.cases}
    note_id, length = item.row["note_id"], len(item.row["text"])
    spans = list(zip(item.starts.tolist(), item.ends.tolist(), strict=True))
    for (start, end), passage in zip(
        [*spans, (0, length)], [*item.source.codings, item.source.whole], strict=True
    ):
        wanted = [coding for coding in passage if coding.code not in cases]
        if wanted and (start < 0 or end < start):
            exceptions.add("the positions lie outside the text", note_id)
            continue
        for coding in wanted:
            if coding.code not in paths:
                exceptions.add("the code of the coding is missing", note_id, None, start, end)
                continue
            place = {"case_id": item.row["case_id"], "note_id": note_id, "start": start, "end": end}
            for fields in _fields(coding, paths[coding.code]):
                yield place | fields


def _fields(coding: RawCoding, path: str) -> list[dict[str, Any]]:
    human, data = unmark(coding.memo)
    noted = [entry for entry in entries_for(data, path) if entry.get("source", "manual") in SOURCES]
    if not noted:
        noted = [{"comment": human}] if human and data is None else [{}]
    return [entry | {"code": path, "coder": coding.coder} for entry in noted]


def _note_table(read: list[_ReadNote], sent: pd.DataFrame | None, kinds: dict[str, str]) -> pd.DataFrame:
    if not read:
        return empty(NOTES)
    if sent is not None:
        back = {item.row["note_id"] for item in read}
        return sent[sent["note_id"].isin(back)].reset_index(drop=True)
    frame = pd.DataFrame([item.row for item in read])
    own = ["case_id", "note_id", "text"]
    table = pd.concat([frame[own].astype("str"), columns_of(frame.drop(columns=own), NOTE, kinds)], axis=1)
    if "date" not in table or not pd.api.types.is_datetime64_any_dtype(table["date"]):
        table["date"] = pd.Series(pd.NaT, index=table.index, dtype=DATE)
    return table[[*NOTES, *(column for column in table if column not in NOTES)]]


def _case_table(rows: list[dict[str, str]], notes: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    if not rows:
        return empty(CASES) if notes.empty else notes[["case_id"]].drop_duplicates(ignore_index=True)
    frame = pd.DataFrame(rows).drop_duplicates("case_id", ignore_index=True)
    table = columns_of(frame.drop(columns="case_id"), CASE, kinds)
    table.insert(0, "case_id", frame["case_id"].astype("str"))
    if "problems" in table:
        table["problems"] = (
            table["problems"]
            .map(lambda text: [part for part in str(text).split(", ") if part] if pd.notna(text) else [])
            .astype("object")
        )
    return table
