"""Danish sentences: where one ends and the next begins, in newspaper text and in diary notes.

Rules in one pass over the candidates: a line break always ends a sentence; a stop does unless it
belongs to an abbreviation, an ordinal, a date, an initial or a quotation that goes on; and a word
that has a capital only at the start of sentences begins one even where the stop was forgotten.
Offsets are Unicode code points into the note's text as read, half-open.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

import pandas as pd
import simplemma

from dagbog_nlp.tables import DATE

_CLOSERS = "\"'”“»«’)\\]"
_OPENING = " \t\"'”“»«’‘([-–—*•·"
_INITIALS = re.compile(r"(?:\w\.)*\w")
_NEXT_WORD = re.compile(r"[\W_]*(\w*)")
_ENUMERATION = re.compile(r"\s*[-–*•(]?\s*(?:\d{1,2}|[a-zæøå])\Z")
_FORGOTTEN_SPACE = r"(?<=[a-zæøå]{2}.)(?=[A-ZÆØÅ][a-zæøå])|(?<=[a-zæøå][!?])(?=[A-ZÆØÅ])"
_QUOTES = re.compile('["”“»«]')
_ALSO_LAST = "also last"
_DOUBTFUL = "after a doubtful stop"
_LONGEST_WORD = 40
_LONGEST_ENUMERATION = 8


@cache
def _lines(name: str) -> list[str]:
    text = (resources.files("dagbog_nlp") / "resources" / name).read_text("utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


@cache
def abbreviations(*, never_last: bool = False) -> frozenset[str]:
    """Return the abbreviations that are written with a full stop, in lower case.

    Parameters
    ----------
    never_last
        Only those that cannot end a sentence, such as titles.

    Examples
    --------
    >>> "osv." in abbreviations(), "osv." in abbreviations(never_last=True)
    (True, False)
    """
    lines = _lines("abbreviations_da.txt")
    border = lines.index("[may be last]")
    return frozenset(lines[1:border] if never_last else lines[1:border] + lines[border + 1 :])


@cache
def _candidates() -> re.Pattern[str]:
    openers = "|".join(sorted(_openers(_ALSO_LAST)))
    return re.compile(
        rf"[\r\n.!?… ](?:(?<=[\r\n])\s*|(?<=[.!?…])(?:[.!?…]*[{_CLOSERS}]*(?=\s)|{_FORGOTTEN_SPACE})"
        rf"|(?<=(?:[^\W_]|[{_CLOSERS}]) )(?=[A-ZÆØÅ])(?=(?:{openers}) [^\WA-ZÆØÅ]))"
    )


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
    >>> split_sentences("Han går i 3. klasse, jf. § 52, stk. 3.")
    [(0, 38)]
    """
    spans = []
    start = 0
    for match in _candidates().finditer(text):
        if _ends_sentence(text, start, match):
            spans.append((start, match.end()))
            start = match.end()
    spans.append((start, len(text)))
    return [trimmed for span in spans if (trimmed := _trim(text, *span))]


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    mark = match.group()
    if mark[-1].isspace():
        return "\n" in mark or "\r" in mark or _forgot_stop(text, start, match)
    after = text[match.end() : match.end() + 12].lstrip(_OPENING)[:1]
    if mark[0] == "." and mark[:2] != "..":
        return _full_stop_ends(text, start, match, after)
    return not after.islower() and not (mark[0] in "…." and after == "")


def _full_stop_ends(text: str, start: int, match: re.Match[str], after: str) -> bool:
    stop = match.start()
    word = _word_before(text, start, stop).lower()
    known = f"{word}."
    lower = after.islower()
    if stop - start < _LONGEST_ENUMERATION and _ENUMERATION.match(text, start, stop):
        ends = False
    elif known in abbreviations():
        ends = not lower and not after.isdigit() and known not in abbreviations(never_last=True)
    elif word.isdigit():
        ends = not lower and not after.isdigit()
    elif _INITIALS.fullmatch(word):
        unit = text[start : stop - 1].rstrip()[-1:].isdigit()
        ends = not lower and (word in "iåø" or unit or _next_word(text, match.end()) in _openers(_DOUBTFUL))
    elif lower:
        new = _next_word(text, match.end()).capitalize() in _openers(_DOUBTFUL)
        ends = new and len(match.group()) == 1 and not _is_open(text, start, stop) and _is_word(word)
    else:
        ends = True
    return ends


def _word_before(text: str, start: int, stop: int) -> str:
    found = text[max(start, stop - _LONGEST_WORD) : stop].rsplit(None, 1)
    return found[-1].lstrip(_OPENING) if found else ""


def _forgot_stop(text: str, start: int, match: re.Match[str]) -> bool:
    goes_on = _word_before(text, start, match.start()).capitalize() in _openers()
    return not goes_on and not _is_open(text, start, match.end())


@cache
def _openers(last: str = "") -> frozenset[str]:
    """Read the word list up to and with the part named `last`; without it, the first part."""
    lines = _lines("sentence_openers_da.txt")
    parts = [at for at, line in enumerate(lines) if line.startswith("[")]
    end = next((at for at in parts if at > lines.index(f"[{last}]")), len(lines)) if last else parts[1]
    words = [word for line in lines[:end] if line[0] != "[" for word in line.split()]
    return frozenset(words)


def _next_word(text: str, position: int) -> str:
    found = _NEXT_WORD.match(text, position)
    return found.group(1) if found else ""


def _is_open(text: str, start: int, end: int) -> bool:
    inside = len(_QUOTES.findall(text, start, end)) % 2 == 1
    return inside or text.rfind("(", start, end) > text.rfind(")", start, end)


@cache
def _is_word(word: str) -> bool:
    return bool(word) and simplemma.is_known(word, lang="da")


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
    frame["date"] = pd.Series(frame["date"].to_numpy(), dtype=DATE)
    frame["start"] = pd.Series([start for _, start, _ in rows], dtype="int64")
    frame["end"] = pd.Series([end for _, _, end in rows], dtype="int64")
    frame["text"] = pd.Series([texts[row][start:end] for row, start, end in rows], dtype="str")
    return frame
