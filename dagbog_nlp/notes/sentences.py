"""Danish sentences: where one ends and the next begins, in newspaper text and in diary notes.

Offsets are Unicode code points into the note's text as read, half-open.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import pandas as pd

from dagbog_nlp.tables import DATE

_STOP = re.compile(
    r"[ \t]*(?:\r?\n|\r)\s*|(?:[.!?…]+|[:;])[\"'”“»«’)\]]*(?=\s)|[!?…][\"'”“»«’)\]]*(?=[A-ZÆØÅ])"
)
_LAST_WORD = re.compile(r"[\w§.,/'’-]*$")


@cache
def abbreviations() -> frozenset[str]:
    """Return the abbreviations that end in a full stop without ending a sentence, lower-cased.

    Examples
    --------
    >>> "bl.a." in abbreviations()
    True
    """
    text = (resources.files("dagbog_nlp") / "resources" / "abbreviations_da.txt").read_text("utf-8")
    return frozenset(line.strip().lower() for line in text.splitlines() if line.strip() and line[0] != "#")


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Split a text into sentences.

    Parameters
    ----------
    text
        A note, with or without line breaks.

    Returns
    -------
    list of tuple of int
        Start and end of each sentence in code points, half-open, without the white space around
        it. Together they cover every character that is not white space.

    Examples
    --------
    >>> split_sentences("Mor ringer kl. 14.30 ift. besøget. Aftaler ny tid")
    [(0, 34), (35, 49)]
    """
    spans = []
    start = 0
    for match in _STOP.finditer(text):
        if match.start() < start or not _ends_sentence(text, match):
            continue
        spans.append((start, match.end()))
        start = match.end()
    spans.append((start, len(text)))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    mark = match.group().strip()
    if not mark:
        return True
    after = text[match.end() : match.end() + 12].lstrip(" \t\"'”“»«’([-–*•")
    if mark[0] in ":;" or after[:1].islower():
        return False
    if mark[0] != "." or len(mark) > 1:
        return True
    word = _LAST_WORD.search(text, 0, match.start())
    before = (word.group() if word else "").lower()
    if before.isdigit():
        return not after[:1].islower() and len(before) > 2
    return not (len(before) == 1 and before.isalpha()) and f"{before}." not in abbreviations()


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    kept = part.strip()
    return (start + left, start + left + len(kept)) if kept else None


def sentence_table(notes: pd.DataFrame) -> pd.DataFrame:
    """Split every note into sentences.

    Parameters
    ----------
    notes
        The notes table: ``case_id, note_id, date, text`` and perhaps ``focus``.

    Returns
    -------
    pandas.DataFrame
        One row per sentence, in the order of the notes: ``case_id, note_id, date, focus`` (when
        the notes have it), ``start, end`` (int64, code points into the note's text) and ``text``.
        A blank note gives no row.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"],
    ...                       "date": pd.to_datetime(["2024-03-01"]), "text": ["Mor er træt. Far ringer."]})
    >>> sentence_table(notes)[["start", "end", "text"]].values.tolist()
    [[0, 12, 'Mor er træt.'], [13, 24, 'Far ringer.']]
    """
    texts = notes["text"].to_list()
    rows = [(row, start, end) for row, text in enumerate(texts) for start, end in split_sentences(text)]
    of = [row for row, _, _ in rows]
    columns = [name for name in ("case_id", "note_id", "date", "focus") if name in notes]
    frame = notes[columns].iloc[of].reset_index(drop=True)
    frame["date"] = frame["date"].astype(DATE)
    frame["start"] = pd.Series([start for _, start, _ in rows], dtype="int64")
    frame["end"] = pd.Series([end for _, _, end in rows], dtype="int64")
    frame["text"] = pd.Series([texts[row][start:end] for row, start, end in rows], dtype="str")
    return frame
