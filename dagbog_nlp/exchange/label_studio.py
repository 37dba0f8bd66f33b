"""Codings to and from Label Studio (JSON)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

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
from dagbog_nlp.exchange.names import guid, xml_text
from dagbog_nlp.exchange.positions import Positions
from dagbog_nlp.exchange.qdpx_parse import Exceptions

_UNKNOWN_CODER = "ukendt"


def write_label_studio(
    path: str | Path, notes: pd.DataFrame, codings: pd.DataFrame, *, codebook: Codebook | None = None
) -> list[Path]:
    """Write tasks for Label Studio, and the labelling interface beside them.

    Machine codings become predictions, one per coder; manual codings become annotations.

    Parameters
    ----------
    path
        The ``.json`` file. It holds the notes' text.
    notes, codings
        The tables.
    codebook
        Gives the interface all its codes and their colours; without it those of `codings`.

    Returns
    -------
    list of Path
        The tasks, and ``<name>.config.xml`` to paste into the project's labelling interface.

    Examples
    --------
    >>> import tempfile
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Mor græder. Far trøster."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [12], "end": [24],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [file.name for file in write_label_studio(f"{folder}/noter.json", notes, codings)]
    ['noter.json', 'noter.config.xml']
    """
    file = Path(path)
    tasks = []
    for note, shown, place, rows in rendered(notes, codings):
        data = {"text": shown, **identity(note)}
        task: dict[str, Any] = {"data": data, "predictions": [], "annotations": []}
        for coder in dict.fromkeys(row["coder"] for row in rows):
            mine = [row for row in rows if row["coder"] == coder]
            result = [_region(row, shown, place) for row in mine]
            if mine[0]["source"] == "manual":
                task["annotations"].append({"completed_by": {"email": coder}, "result": result})
            else:
                score = min(float(row["score"]) for row in mine)
                task["predictions"].append({"model_version": coder, "score": score, "result": result})
        tasks.append(task)
    colours = (
        {code.path: code.colour for code in codebook}
        if codebook
        else dict.fromkeys(codings["code"], "#7F7F7F")
    )
    labels = "".join(
        f"<Label value={quoteattr(code)} background={quoteattr(c)}/>" for code, c in colours.items()
    )
    interface = (
        f'<View><Labels name="code" toName="text">{labels}</Labels><Text name="text" value="$text"/></View>\n'
    )
    with atomic(file) as temporary:
        temporary.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), "utf-8")
    config = file.with_suffix(".config.xml")
    with atomic(config) as temporary:
        temporary.write_text(xml_text(interface), "utf-8")
    return [file, config]


def read_label_studio(
    path: str | Path, *, notes: pd.DataFrame | None = None, codebook: Codebook | None = None
) -> Annotations:
    """Read an export of Label Studio (JSON).

    Versions of Label Studio count emoji differently; how this file does is found by the quotes in it.

    Parameters
    ----------
    path
        The ``.json`` file.
    notes
        The notes that were sent; the codings then lie in their texts.
    codebook
        Gives labels their code paths.

    Returns
    -------
    Annotations

    Raises
    ------
    ExchangeError
        When the file is no such export, or its way of counting cannot be told.

    Examples
    --------
    >>> import tempfile
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Mor græder. Far trøster."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [12], "end": [24],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_label_studio(write_label_studio(f"{folder}/noter.json", notes, codings)[0], notes=notes)
    Annotations(1 notes, 1 codings, 0 exceptions)
    """
    file = Path(path)
    exceptions = Exceptions()
    found = parse_json(read_limited(file, LARGEST), file)
    if not isinstance(found, list):
        raise ExchangeError("it is no list of tasks", file=file, fix="export the project as JSON")
    tasks = []
    for number, item in enumerate(found, 1):
        data = item.get("data") if isinstance(item, dict) else None
        if not isinstance(data, dict) or not isinstance(data.get("text"), str):
            exceptions.add(f"task {number} has no text")
            continue
        task = task_of(data, data["text"], number)
        for source, coder, region in _regions(item):
            value = region.get("value")
            value = value if isinstance(value, dict) else {}
            for label in value.get("labels") or []:
                code = code_of(label, codebook)
                meta = region.get("meta")
                noted = entries_for(meta.get("dagbog_nlp") if isinstance(meta, dict) else None, str(code))
                fields = {"source": source} | (noted[0] if noted else {})
                task.add(value.get("start"), value.get("end"), value.get("text"),
                         fields | {"code": code, "coder": coder}, exceptions)  # fmt: skip
        tasks.append(task)
    return assemble(tasks, notes, exceptions, file)


def _region(row: dict[str, Any], shown: str, place: Positions) -> dict[str, Any]:
    start, end = int(place[row["start"]]), int(place[row["end"]])
    return {
        "id": guid(row["coding_id"]),
        "from_name": "code",
        "to_name": "text",
        "type": "labels",
        "score": float(row["score"]),
        "value": {"start": start, "end": end, "text": shown[start:end], "labels": [row["code"]]},
        "meta": {"dagbog_nlp": [carried(row)]},
    }


def _regions(item: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind, source in (("annotations", "manual"), ("predictions", "classifier")):
        for answer in item.get(kind) or []:
            if not isinstance(answer, dict) or answer.get("was_cancelled"):
                continue
            by = answer.get("completed_by") if source == "manual" else answer.get("model_version")
            coder = by.get("email") if isinstance(by, dict) else by
            for region in answer.get("result") or []:
                if isinstance(region, dict):
                    yield source, str(coder or _UNKNOWN_CODER), region
