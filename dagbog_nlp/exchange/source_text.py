"""A note's text as other programs want it, and the way back to the text as it was.

Other programs disagree about line ends, byte order marks and emoji. A target says what to write;
what writing changes is kept in a short code, so that reading can restore the very same text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.positions import NVIVO, OWN_ORIGIN, STANDARD, Positions, Reading, offsets

BOM = "\ufeff"
_LINE_END = re.compile(r"\r\n|\r|\n")
_LETTER = {"\r\n": "w", "\n": "n", "\r": "r"}
_BREAK = {letter: line_end for line_end, letter in _LETTER.items()}
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Target:
    """What a program wants of an exchange file.

    Parameters
    ----------
    origin
        Name of the writing program as it is put in the file.
    folder
        Folder of the texts inside the zip.
    line_end, bom, reading
        How texts are written and positions counted.
    case_codes
        Add a code with the case's own id, coded on each of its notes: QualCoder links a note to
        its case through that and nothing else.
    sets
        Add a set per case and per attribute value: ATLAS.ti and MAXQDA turn sets into document groups.
    """

    origin: str = OWN_ORIGIN
    folder: str = "sources"
    line_end: str = "\n"
    bom: bool = False
    reading: Reading = STANDARD
    case_codes: bool = False
    sets: bool = False


TARGETS = {
    "standard": Target(),
    "qualcoder": Target(case_codes=True),
    "atlas.ti": Target(sets=True),
    "maxqda": Target(sets=True),
    "nvivo": Target(f"{OWN_ORIGIN} nvivo", "Sources", "\r\n", bom=True, reading=NVIVO),
}


@dataclass(frozen=True)
class RenderedText:
    """A note's text ready to be written.

    Parameters
    ----------
    data
        The file's bytes.
    shown
        The text as the other program shows it.
    place
        Position in the file of each code point of the note, int64, shape (len(text) + 1,).
    changes
        Code that :func:`restore` takes; "" when nothing was changed that must be restored.
    """

    data: bytes
    shown: str
    place: Positions
    changes: str


def render(text: str, target: Target, *, portable: bool, newlines: str) -> RenderedText:
    """Prepare a note's text for `target`.

    Parameters
    ----------
    text
        The note.
    target
        What the other program wants.
    portable
        Replace every character beyond U+FFFF (emoji) by U+FFFD, so that code points and UTF-16
        units agree.
    newlines
        "keep", or "space" to write every line end as as many spaces, so that no program can
        count line ends differently.

    Returns
    -------
    RenderedText
    """
    shown = _ASTRAL.sub("\ufffd", text) if portable else text
    if newlines == "space":
        shown, line_ends = re.sub("[\r\n]", " ", shown), []
    else:
        line_ends = _LINE_END.findall(shown)
    start = len(shown) - len(shown.lstrip(BOM))
    written = _LINE_END.sub(target.line_end, shown[start:])
    data = ((BOM if target.bom else "") + written).encode("utf-8")
    return RenderedText(data, written, _places(shown, written, start, target), _changes(start, line_ends))


def restore(raw: str, changes: str) -> tuple[str, Positions]:
    r"""Turn a text as read from a file into the text as it was.

    Parameters
    ----------
    raw
        Text of the file without its byte order mark.
    changes
        What :func:`render` noted; "" makes every line end LF.

    Returns
    -------
    text : str
        The note.
    place : numpy.ndarray
        Code point in the note of each code point of `raw`, int64, shape (len(raw) + 1,).

    Raises
    ------
    ExchangeError
        When the code does not fit the text.

    Examples
    --------
    >>> restore("a\nb", "w")[0]
    'a\r\nb'
    """
    line_ends = [match.span() for match in _LINE_END.finditer(raw)]
    letters = changes.lstrip("b")
    if len(letters) == 1:
        letters *= len(line_ends)
    if letters and (len(letters) != len(line_ends) or set(letters) - set(_BREAK)):
        raise ExchangeError(
            "the number of lines in the text has changed", fix="read with notes=, the notes as sent"
        )
    parts, place, last = [BOM * (len(changes) - len(letters))], np.zeros(len(raw) + 1, dtype=np.int64), 0
    length = len(parts[0])
    for (start, end), letter in zip(line_ends, letters or "n" * len(line_ends), strict=True):
        place[last:start] = np.arange(start - last) + length
        length += start - last
        place[start:end] = length
        parts += [raw[last:start], _BREAK[letter]]
        length += len(_BREAK[letter])
        last = end
    place[last:] = np.arange(len(raw) + 1 - last) + length
    return "".join([*parts, raw[last:]]), place


def align(text: str, original: str) -> tuple[Positions, Positions] | None:
    r"""Map places in `text` to places in `original`, when they differ only in white space and emoji.

    Parameters
    ----------
    text
        A note as it came back.
    original
        The note as it was.

    Returns
    -------
    tuple of numpy.ndarray or None
        For a span's start and for its end the code point in `original`, int64, each of shape
        (len(text) + 1,); None when the words differ.

    Examples
    --------
    >>> starts, ends = align("Far kom.\nMor gik.", "Far kom.\r\nMor gik.")
    >>> int(starts[9]), int(ends[17])
    (10, 18)
    """
    if text == original:
        same = np.arange(len(text) + 1, dtype=np.int64)
        return same, same
    here, there = _solid(text), _solid(original)
    words = ["".join(full[i] for i in solid) for full, solid in ((text, here), (original, there))]
    if _ASTRAL.sub("\ufffd", words[0]) != _ASTRAL.sub("\ufffd", words[1]):
        return None
    seen = np.zeros(len(text) + 1, dtype=np.int64)
    seen[np.asarray(here, dtype=np.int64) + 1] = 1
    seen = np.cumsum(seen)
    starts = np.asarray([*there, len(original)], dtype=np.int64)[seen]
    ends = np.asarray([0, *(place + 1 for place in there)], dtype=np.int64)[seen]
    return starts, ends


def _solid(text: str) -> list[int]:
    return [index for index, char in enumerate(text) if not char.isspace() and char != BOM]


def _places(shown: str, written: str, start: int, target: Target) -> Positions:
    if written == shown and not target.reading.utf16:
        return np.arange(len(shown) + 1, dtype=np.int64)
    index, last, length = np.zeros(len(shown) + 1, dtype=np.int64), start, 0
    for match in _LINE_END.finditer(shown, start):
        index[last : match.start()] = np.arange(match.start() - last) + length
        length += match.start() - last
        index[match.start() : match.end()] = length
        length += len(target.line_end)
        last = match.end()
    index[last:] = np.arange(len(shown) + 1 - last) + length
    return offsets(written, target.reading)[index]


def _changes(start: int, line_ends: Sequence[str]) -> str:
    letters = "".join(_LETTER[line_end] for line_end in line_ends)
    if set(letters) <= {"n"}:
        letters = ""
    elif len(set(letters)) == 1:
        letters = letters[0]
    return "b" * start + letters
