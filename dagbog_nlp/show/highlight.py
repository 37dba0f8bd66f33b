"""A note with its codings, highlighted for reading in a notebook or a page."""

from __future__ import annotations

import html
from typing import Any

import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import check_codings

_STYLE = "border-left:3px solid {colour};background:{colour}1a;padding:0 .2em;border-radius:.2em"
_TAG = "font-size:.72em;color:{colour};margin-left:.35em;white-space:nowrap"


class HighlightedNote:
    """HTML of one note; a notebook shows it, ``str()`` gives the markup."""

    def __init__(self, markup: str) -> None:
        self._markup = markup

    def __str__(self) -> str:
        return self._markup

    def _repr_html_(self) -> str:
        return self._markup


def highlight(note: pd.Series, codings: pd.DataFrame, *, codebook: Codebook | None = None) -> HighlightedNote:
    """Show a note with its coded sentences marked and their cues underlined.

    Parameters
    ----------
    note
        One row of the notes table.
    codings
        Codings; those of other notes are left out.
    codebook
        For labels and colours; the shipped one when None.

    Returns
    -------
    HighlightedNote

    Raises
    ------
    InputError
        A coding lies outside the note.

    Examples
    --------
    >>> note = pd.Series({"case_id": "A", "note_id": "1", "text": "Pigen græder."})
    >>> codings = pd.DataFrame({"case_id": ["A"], "note_id": ["1"], "start": [0], "end": [13],
    ...                         "code": ["relationsarbejde/gråd"]})
    >>> "Pigen græder." in str(highlight(note, codings))
    True
    """
    book = codebook or Codebook.load()
    text, note_id = str(note["text"]), str(note["note_id"])
    own = check_codings(codings[codings["note_id"].astype(str) == note_id])
    if (own["end"] > len(text)).any():
        raise InputError(
            "a coding lies outside the note", note_id=note_id, fix="pass the note that was coded"
        )
    parts, at = [], 0
    for (start, end), group in own.sort_values("start").groupby(["start", "end"], sort=True):
        if start < at:
            continue
        parts.append(html.escape(text[at:start]))
        colours = [book[code].colour if code in book else "#7F7F7F" for code in group["code"]]
        tags = "".join(
            f'<span style="{_TAG.format(colour=colour)}" title="{html.escape(_why(row))}">'
            f"{html.escape(book[row['code']].label if row['code'] in book else row['code'])}</span>"
            for colour, (_, row) in zip(colours, group.iterrows(), strict=True)
        )
        body = _with_cues(text, int(start), int(end), group)
        parts.append(f'<span style="{_STYLE.format(colour=colours[0])}">{body}</span>{tags}')
        at = int(end)
    parts.append(html.escape(text[at:]))
    date = note.get("date")
    head = " · ".join(
        str(part)
        for part in (
            note.get("case_id"),
            note_id,
            None if pd.isna(date) else f"{date:%d-%m-%Y}",
            note.get("focus"),
        )
        if isinstance(part, str) and part
    )
    return HighlightedNote(
        '<div style="max-width:46em;line-height:1.75;font-family:Georgia,serif">'
        f'<div style="font:.8em sans-serif;color:#555">{html.escape(head)}</div>'
        f'<div style="white-space:pre-wrap">{"".join(parts)}</div></div>'
    )


def _why(row: pd.Series) -> str:
    parts: list[Any] = [row["code"], f"{row['score']:.0%}", row["source"]]
    if isinstance(row["rule_id"], str):
        parts.append(f"regel {row['rule_id']}")
    if row["negated"]:
        parts.append("negeret")
    return " · ".join(str(part) for part in parts)


def _with_cues(text: str, start: int, end: int, group: pd.DataFrame) -> str:
    cues = sorted(
        (int(left), int(right))
        for left, right in zip(group["cue_start"], group["cue_end"], strict=True)
        if not pd.isna(left) and start <= left < right <= end
    )
    parts, at = [], start
    for left, right in cues:
        if left < at:
            continue
        parts.append(f"{html.escape(text[at:left])}<u>{html.escape(text[left:right])}</u>")
        at = right
    return "".join(parts) + html.escape(text[at:end])
