"""The review as one web page that opens offline in any browser, and the decisions it saves."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from dagbog_nlp.atomic import atomic
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.files import read_limited
from dagbog_nlp.exchange.positions import NVIVO, offsets
from dagbog_nlp.exchange.qdpx_parse import Exceptions
from dagbog_nlp.exchange.review_items import FORMAT, ReviewFile, seal

_TITLES = {False: "Gennemgang af kodninger", True: "Blind kodning"}
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_PARTS = ("page.css", "answers.js", "page.js", "page.html")
_LARGEST = 2**28
_TEXTS = ("key", "seal", "note_id", "case_id", "comment", "at")


def write_page(path: Path, review: ReviewFile) -> None:
    """Write the review page.

    The page holds the notes it asks about. Its security policy lets it run nothing but its own
    script and reach nothing at all; decisions stay in the browser until they are saved to a file.

    Parameters
    ----------
    path
        The ``.html`` file.
    review
        What it asks.
    """
    folder = resources.files("dagbog_nlp") / "resources" / "review_page"
    style, answers, view, page = ((folder / name).read_text("utf-8") for name in _PARTS)
    script = f'(() => {{\n"use strict";\n{answers}\n{view}}})();\n'
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; base-uri 'none';"
        " form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    data = json.dumps(_data(review), ensure_ascii=False, separators=(",", ":"))
    for char, escape in _ESCAPED.items():
        data = data.replace(char, escape)
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(page)
    html = template.render(title=_TITLES[review.blind], policy=policy, style=style, script=script, data=data)
    with atomic(path) as temporary:
        temporary.write_text(html, "utf-8", newline="")


def read_page(path: Path, exceptions: Exceptions) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    """Read the decisions that the page saved.

    Parameters
    ----------
    path
        The ``.json`` file.
    exceptions
        Takes decisions whose ids were edited or that are not as they must be.

    Returns
    -------
    meta : dict
        ``run, blind, saved, reviewer``.
    decisions : iterator
        One per sentence: ``key, note_id, case_id, start, end, v, added, comment, seen, at``.

    Raises
    ------
    ExchangeError
        When the file was not saved by the page.
    """
    try:
        found = json.loads(read_limited(path, _LARGEST).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ExchangeError(
            f"it is no file of decisions ({type(error).__name__})",
            file=path,
            fix="save it again from the page",
        ) from None
    if (
        not isinstance(found, dict)
        or found.get("format") != FORMAT
        or not isinstance(found.get("decisions"), list)
    ):
        raise ExchangeError("it is no file of decisions", file=path, fix="save it from the review page")
    meta = {name: str(found.get(name) or "") for name in ("run", "saved", "reviewer")}
    return meta | {"blind": found.get("blind") is True}, _checked(found["decisions"], meta["run"], exceptions)


def _checked(decisions: list[Any], run: str, exceptions: Exceptions) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(decisions, 1):
        if not isinstance(row, dict) or not _well_formed(row):
            exceptions.add(f"decision {number} is not as the page saves it")
        elif seal(run, row["key"], (row["note_id"], row["start"], row["end"])) != row["seal"]:
            exceptions.add(f"decision {number}: its ids were edited", row["note_id"])
        else:
            yield row


def _well_formed(row: dict[str, Any]) -> bool:
    verdicts, added = row.get("v"), row.get("added")
    return (
        all(isinstance(row.get(name), str) for name in _TEXTS)
        and all(type(row.get(name)) is int for name in ("start", "end"))
        and isinstance(verdicts, dict)
        and all(word in {"ja", "nej"} for word in verdicts.values())
        and isinstance(added, list)
        and all(isinstance(path, str) for path in added)
    )


def _data(review: ReviewFile) -> dict[str, Any]:
    labels = {code.path: code.label or code.path for code in review.codes}
    used = {item.note_id for item in review.items}
    places = {note_id: offsets(review.notes[note_id]["text"], NVIVO) for note_id in used}
    run = review.run
    items = []
    for item in review.items:
        place = places[item.note_id]
        shown = [
            {
                "code": found.code,
                "score": round(found.score, 4),
                "why": found.why,
                "cue": [int(place[at]) for at in found.cue] if found.cue else None,
            }
            for found in item.suggestions
        ]
        ids = {"case_id": item.case_id, "note_id": item.note_id, "start": item.start, "end": item.end}
        sealed = seal(run, item.key, (item.note_id, item.start, item.end))
        span = {"from": int(place[item.start]), "to": int(place[item.end])}
        items.append(
            {"key": item.key, "seal": sealed, "reason": item.reason, "suggestions": shown} | ids | span
        )
    notes = {}
    for note_id in sorted(used):
        note = review.notes[note_id]
        focus = note.get("focus")
        notes[note_id] = {
            "date": "" if pd.isna(note["date"]) else note["date"].strftime("%d-%m-%Y"),
            "focus": "" if focus is None or pd.isna(focus) else str(focus),
            "text": note["text"],
        }
    codes = [
        {
            "path": code.path,
            "label": labels[code.path],
            "definition": code.definition,
            "colour": code.colour,
            "family": labels.get(code.path.rpartition("/")[0], ""),
        }
        for code in review.codes
    ]
    head = {"format": FORMAT, "run": run, "blind": review.blind, "reviewer": review.reviewer}
    return head | {"codes": codes, "notes": notes, "items": items}


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
