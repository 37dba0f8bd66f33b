"""Codings to and from doccano and Prodigy (JSON lines)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from dagbog_nlp.atomic import atomic
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.annotation_tasks import (
    LARGEST,
    Annotations,
    assemble,
    code_of,
    identity,
    parse_json,
    rendered,
    task_of,
)
from dagbog_nlp.exchange.descriptions import carried, entries_for
from dagbog_nlp.exchange.files import read_limited
from dagbog_nlp.exchange.qdpx_parse import Exceptions


def write_jsonl(
    path: str | Path,
    notes: pd.DataFrame,
    codings: pd.DataFrame,
    *,
    format: Literal["doccano", "prodigy"] = "doccano",  # noqa: A002
) -> Path:
    """Write one note a line for doccano (sequence labelling) or Prodigy (spans).

    Parameters
    ----------
    path
        The ``.jsonl`` file. It holds the notes' text.
    notes, codings
        The tables.
    format
        Which tool.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ExchangeError
        On an unknown format.

    Examples
    --------
    >>> import tempfile
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Mor græder. Far trøster."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [12], "end": [24],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     json.loads(write_jsonl(f"{folder}/noter.jsonl", notes, codings).read_text("utf-8"))["label"]
    [[12, 24, 'relationsarbejde/trøste']]
    """
    file = Path(path)
    if format not in {"doccano", "prodigy"}:
        raise ExchangeError("an unknown format", file=file, fix="use 'doccano' or 'prodigy'")
    with atomic(file) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        for note, shown, place, rows in rendered(notes, codings):
            spans = [(int(place[row["start"]]), int(place[row["end"]]), row) for row in rows]
            line: dict[str, Any] = {"text": shown}
            if format == "doccano":
                line |= {"label": [[start, end, row["code"]] for start, end, row in spans], **identity(note)}
            else:
                line["spans"] = [
                    {
                        "start": start,
                        "end": end,
                        "label": row["code"],
                        "source": row["coder"],
                        "dagbog_nlp": [carried(row)],
                    }
                    for start, end, row in spans
                ]
                line["meta"] = identity(note)
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
    return file


def read_jsonl(
    path: str | Path,
    *,
    notes: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    coder: str = "manual",
) -> Annotations:
    """Read what doccano or Prodigy exported; which of the two is seen from each line.

    Parameters
    ----------
    path
        The ``.jsonl`` file.
    notes, codebook
        As in :func:`read_label_studio`.
    coder
        Who annotated, since these files do not say.

    Returns
    -------
    Annotations
        Examples that were rejected or ignored in Prodigy are left out and listed.

    Raises
    ------
    ExchangeError
        When the file is not text in UTF-8.

    Examples
    --------
    >>> import tempfile
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Far trøster 😀 mor."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [4], "end": [11],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_jsonl(write_jsonl(f"{folder}/noter.jsonl", notes, codings), notes=notes)
    Annotations(1 notes, 1 codings, 0 exceptions)
    """
    file = Path(path)
    exceptions = Exceptions()
    tasks = []
    try:
        lines = read_limited(file, LARGEST).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ExchangeError("it is not UTF-8", file=file, fix="export it again as JSONL") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            item = parse_json(line.encode(), file)
        except ExchangeError:
            item = None
        if not isinstance(item, dict) or not isinstance(item.get("text"), str):
            exceptions.add(f"line {number} is no annotated text")
            continue
        meta = item.get("meta") if isinstance(item.get("meta"), dict) else item
        task = task_of(meta, item["text"], number)
        if item.get("answer", "accept") != "accept":
            exceptions.add("the example was not accepted", task.note_id)
            continue
        for start, end, label, noted in _spans(item):
            code = code_of(label, codebook)
            fields = next(iter(entries_for(noted, str(code))), {})
            task.add(start, end, "", {"coder": coder} | fields | {"code": code}, exceptions)
        tasks.append(task)
    return assemble(tasks, notes, exceptions, file, known=True)


def _spans(item: dict[str, Any]) -> Iterator[tuple[Any, Any, Any, Any]]:
    for row in item.get("label") or item.get("labels") or []:
        if isinstance(row, list) and len(row) == 3:
            yield row[0], row[1], row[2], None
    for row in item.get("entities") or []:
        if isinstance(row, dict):
            yield row.get("start_offset"), row.get("end_offset"), row.get("label"), None
    for row in item.get("spans") or []:
        if isinstance(row, dict):
            yield row.get("start"), row.get("end"), row.get("label"), row.get("dagbog_nlp")
