"""How programs count positions in a text, and which way of counting a file was written in.

The standard counts Unicode code points from 0. NVivo for Windows counts UTF-16 units and two for
a line end; others count a byte order mark. A reading is one such way. A file's reading is guessed
from the program that wrote it and then verified against the quotes, or else the word boundaries,
of its own selections.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dagbog_nlp.errors import ExchangeError

Positions = NDArray[np.int64]
_CR, _LF = 13, 10
_CLEAR = 0.8
_MIN_QUOTE = 3
OWN_ORIGIN = "dagbog_nlp"


@dataclass(frozen=True)
class Reading:
    """One way of counting positions.

    Parameters
    ----------
    utf16
        An emoji counts two (UTF-16 units) and not one (code points).
    crlf
        What CR LF counts: 1 or 2.
    bom
        A byte order mark at the start of the file counts one.
    inclusive
        The end is the last character, not the one after it.
    """

    utf16: bool = False
    crlf: int = 1
    bom: bool = False
    inclusive: bool = False

    def __str__(self) -> str:
        unit = "utf-16" if self.utf16 else "code points"
        bom = ", byte order mark counted" if self.bom else ""
        end = ", end inclusive" if self.inclusive else ""
        return f"{unit}, CRLF as {self.crlf}{bom}{end}"


STANDARD = Reading()
NVIVO = Reading(utf16=True, crlf=2)
READINGS = tuple(
    Reading(utf16, crlf, bom, inclusive)
    for inclusive, bom, crlf, utf16 in itertools.product((False, True), (False, True), (1, 2), (False, True))
)
_ORIGINS = (
    (f"{OWN_ORIGIN} nvivo", NVIVO),
    (OWN_ORIGIN, STANDARD),
    ("qualcoder", STANDARD),
    ("nvivo", NVIVO),
)


@dataclass
class SourceText:
    """A text as it lies in a file, with the selections that a file gives for it.

    Parameters
    ----------
    raw
        The decoded text without a byte order mark, line ends as in the file.
    bom
        Whether the file began with a byte order mark.
    starts, ends
        Positions as the file counts them, int64, one per selection.
    quotes
        What each selection says that it holds, or "".
    """

    raw: str
    bom: bool = False
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)

    @cached_property
    def plain(self) -> bool:
        """Whether every unit and line end counts the same in this text."""
        return not self.bom and "\r" not in self.raw and (self.raw.isascii() or max(self.raw) <= "\uffff")


def offsets(raw: str, reading: Reading, *, bom: bool = False) -> Positions:
    r"""Position of every character of `raw`, and of its end, as `reading` counts.

    Parameters
    ----------
    raw
        A text without its byte order mark.
    reading
        The way of counting.
    bom
        Whether a byte order mark stands before the text.

    Returns
    -------
    numpy.ndarray
        int64, shape (len(raw) + 1,), not decreasing.

    Examples
    --------
    >>> offsets("a😀\r\nb", NVIVO).tolist()
    [0, 1, 3, 4, 5, 6]
    >>> offsets("a😀\r\nb", STANDARD).tolist()
    [0, 1, 2, 2, 3, 4]
    """
    points = np.frombuffer(raw.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    width = np.ones(len(points), dtype=np.int64)
    if reading.utf16:
        width[points > 0xFFFF] = 2
    if reading.crlf == 1 and len(points):
        width[:-1][(points[:-1] == _CR) & (points[1:] == _LF)] = 0
    first = 1 if bom and reading.bom else 0
    return np.concatenate([[first], first + np.cumsum(width)]).astype(np.int64)


def locate(source: SourceText, reading: Reading) -> tuple[Positions, Positions]:
    """Starts and ends of the selections as code points into ``source.raw``; -1 where none fits.

    Parameters
    ----------
    source
        A text with its selections.
    reading
        The way of counting.

    Returns
    -------
    tuple of numpy.ndarray
        Two int64 arrays, one value per selection.
    """
    starts = np.asarray(source.starts, dtype=np.int64)
    ends = np.asarray(source.ends, dtype=np.int64) + (1 if reading.inclusive else 0)
    if source.plain:
        length = len(source.raw)
        return tuple(np.where((at >= 0) & (at <= length), at, -1) for at in (starts, ends))  # type: ignore[return-value]
    table = offsets(source.raw, reading, bom=source.bom)
    return _find(table, starts), _find(table, ends)


def expected_reading(origin: str | None) -> Reading | None:
    """Way of counting of the program that calls itself `origin`, or None when it is not known.

    Examples
    --------
    >>> print(expected_reading("NVivo for Windows"))
    utf-16, CRLF as 2
    """
    name = (origin or "").lower()
    if "nvivo" in name and "mac" in name:
        return None
    return next((reading for known, reading in _ORIGINS if known in name), None)


def choose_reading(sources: Sequence[SourceText], origin: str | None, *, file: str | None = None) -> Reading:
    """Decide how a file counts positions.

    Only selections that two ways of counting would put in different places have a say. Where
    the file quotes them, the quotes decide; otherwise the way of counting whose starts and ends
    fall on word boundaries. The known habit of the program that wrote the file wins a tie.

    Parameters
    ----------
    sources
        The texts of one file with their selections.
    origin
        Name of the program that wrote the file.
    file
        Name for error messages.

    Returns
    -------
    Reading

    Raises
    ------
    ExchangeError
        When no way of counting is clearly the best.

    Examples
    --------
    >>> source = SourceText("Glad 😀 far kom.", starts=[8], ends=[11])
    >>> print(choose_reading([source], "NVivo for Windows"))
    utf-16, CRLF as 2
    """
    expected = expected_reading(origin)
    if expected and (origin or "").lower().startswith(OWN_ORIGIN):
        return expected
    coded = [source for source in sources if source.starts]
    candidates = _distinct([expected, *READINGS] if expected else list(READINGS), coded)
    quoted, edges, asked = _score(candidates, coded)
    exclusive = [reading for reading in candidates if not reading.inclusive]
    if max(quoted.values()) > max(quoted[reading] for reading in exclusive):
        exclusive = [reading for reading in candidates if reading.inclusive]
    if len(exclusive) == 1:
        return exclusive[0]
    quotes_tell = len({quoted[reading] for reading in exclusive}) > 1
    scores, of = (quoted, max(quoted.values())) if quotes_tell else (edges, asked)
    best = max(scores[reading] for reading in exclusive)
    winners = [reading for reading in exclusive if scores[reading] == best]
    if best >= _CLEAR * of and (len(winners) == 1 or (expected and winners[0] == expected)):
        return winners[0]
    raise ExchangeError(
        f"the positions can be counted in {len(exclusive)} ways and none is clearly right"
        f" (the best fits {best} of {of} marks)",
        file=file,
        fix="say how the program counts: read_qdpx(..., positions='code points') or positions='utf-16'",
    )


def _distinct(readings: list[Reading], sources: list[SourceText]) -> list[Reading]:
    groups: dict[bytes, Reading] = {}
    for reading in readings:
        places = (locate(source, reading) for source in sources)
        groups.setdefault(b"".join(start.tobytes() + end.tobytes() for start, end in places), reading)
    return list(groups.values())


def _score(
    readings: list[Reading], sources: list[SourceText]
) -> tuple[dict[Reading, int], dict[Reading, int], int]:
    """Quotes that fit and edges on word boundaries per reading, and the edges asked about."""
    quoted = dict.fromkeys(readings, 0)
    edges = dict.fromkeys(readings, 0)
    asked = 0
    for source in sources:
        spans = {reading: locate(source, reading) for reading in readings}
        exclusive = np.array([spans[reading] for reading in readings if not reading.inclusive])
        doubtful = (exclusive != exclusive[0]).any(axis=(0, 1))
        asked += 2 * int(doubtful.sum())
        starts_ok, ends_ok = _boundaries(source.raw if doubtful.any() else "")
        for reading, (starts, ends) in spans.items():
            valid = doubtful & (starts >= 0) & (ends >= starts)
            edges[reading] += int(starts_ok[starts[valid]].sum() + ends_ok[ends[valid]].sum())
            quoted[reading] += sum(map(_holds, itertools.repeat(source.raw), starts, ends, source.quotes))
    return quoted, edges, asked


def _find(table: Positions, wanted: Positions) -> Positions:
    index = np.searchsorted(table, wanted)
    inside = index < len(table)
    exact = inside & (table[np.where(inside, index, 0)] == wanted)
    return np.where(exact, index, -1).astype(np.int64)


def _boundaries(raw: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    word = np.fromiter((char.isalnum() for char in raw), dtype=bool, count=len(raw))
    before = np.concatenate([[False], word])
    after = np.concatenate([word, [False]])
    space = np.fromiter((char.isspace() for char in raw), dtype=bool, count=len(raw))
    starts = ~before & ~np.concatenate([space, [True]])
    ends = ~after & ~np.concatenate([[True], space])
    return starts, ends


def _holds(raw: str, start: int, end: int, quote: str) -> bool:
    quote = " ".join(quote.split())
    if start < 0 or end <= start or len(quote) < _MIN_QUOTE or raw[start] != quote[0]:
        return False
    text = " ".join(raw[start:end].split())
    if quote.endswith(("…", "...")):
        return text.startswith(quote.rstrip("….").rstrip())
    return text == quote and raw[end - 1] == quote[-1]
