"""Notes cut into sentences and pieces in one pass over a whole chunk of notes.

The sentences are those of :func:`dagbog_nlp.notes.sentences.split_sentences`, which is asked once per
distinct piece instead of once per text: how does a piece with a stop go on before a capital, a number,
a small letter? Only where that depends on more of the sentence is it asked about the sentence itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import pandas as pd
import pyarrow as pa

from dagbog_nlp.coding.word_table import Pieces, PieceTable, Vocabulary
from dagbog_nlp.notes.sentences import abbreviations, split_sentences
from dagbog_nlp.tables import DATE

_NO, _YES, _ASK = 0, 1, 2
_KINDS = _CAPITAL, _NUMBER, _SMALL, _OPENER, _OTHER = range(5)
_STOP = re.compile("[.!?…]")
_INNER_STOP = re.compile("[.!?…].")
_PLAIN_STOP = re.compile(r"[^\W\d_]{3,}([.!?])")
_WORD = re.compile(r"\w+")
_LEADING_QUOTES = "\"“”»«'’‘(["
_CAPITALS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ")
_BEFORE = "Barnet sover "
_PROBES = (
    ("", " Xqz sover", _CAPITAL),
    (_BEFORE, " Xqz sover", _CAPITAL),
    (_BEFORE, " Hun sover", _CAPITAL),
    ("Barnet sover 6 ", " Xqz sover", _CAPITAL),
    ("", " 7 sover", _NUMBER),
    (_BEFORE, " 7 sover", _NUMBER),
    ("Barnet sover 6 ", " 7 sover", _NUMBER),
    ("", " xqz sover", _SMALL),
    (_BEFORE, " xqz sover", _SMALL),
    ("", " hun sover", _OPENER),
    (_BEFORE, " hun sover", _OPENER),
)
_AHEAD = 3
_SPACES = np.zeros(0x3002, dtype=bool)
_SPACES[[code for code in range(0x3001) if chr(code).isspace()]] = True


@dataclass(frozen=True)
class NoteSentences:
    """The sentences of some notes.

    Attributes
    ----------
    pieces
        Their pieces, n sentences.
    note
        int64 [n]: position of the note.
    start, end
        int64 [n]: offsets into the note's text.
    piece_start
        int64 [n_pieces]: offset of each piece in its note.
    """

    pieces: Pieces
    note: np.ndarray
    start: np.ndarray
    end: np.ndarray
    piece_start: np.ndarray

    def table(self, notes: pd.DataFrame, rows: np.ndarray | None = None) -> pd.DataFrame:
        """Return all sentences, or some rows, as :func:`~dagbog_nlp.notes.sentences.sentence_table` does."""
        chosen = slice(None) if rows is None else rows
        of, start, end = self.note[chosen], self.start[chosen], self.end[chosen]
        columns = [name for name in ("case_id", "note_id", "date", "focus") if name in notes]
        frame = notes[columns].take(of).reset_index(drop=True)
        frame["date"] = frame["date"].astype(DATE)
        text = pd.Series(self.texts(notes, chosen), dtype="str")
        return frame.assign(start=start, end=end, text=text)

    def texts(self, notes: pd.DataFrame, rows: np.ndarray | slice) -> list[str]:
        """Return the texts of some sentences."""
        texts = notes["text"].to_list()
        spans = (column[rows].tolist() for column in (self.note, self.start, self.end))
        return [texts[note][left:right] for note, left, right in zip(*spans, strict=True)]


class SentencePieces:
    """Cuts notes into sentences and pieces, and remembers what it found out about each piece.

    Examples
    --------
    >>> found = SentencePieces().cut(["Mor ringer kl. 14. Far svarer ikke.", "", "Aftaler ny tid"])
    >>> list(zip(found.note.tolist(), found.start.tolist(), found.end.tolist()))
    [(0, 0, 18), (0, 19, 35), (2, 0, 14)]
    >>> found.pieces.bounds.tolist()
    [0, 4, 7, 10]
    """

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self._table = PieceTable(_describe)

    def cut(self, texts: Sequence[str]) -> NoteSentences:
        """Cut n notes."""
        if self.vocabulary.is_full:
            self.vocabulary = Vocabulary()
        joined = "\n".join(texts)
        offsets = np.cumsum([0, *(len(text) + 1 for text in texts)])
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        inside = np.zeros(len(codes) + 2, dtype=bool)
        inside[1:-1] = ~_SPACES[np.minimum(codes, len(_SPACES) - 1)]
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        start, end = edges[::2], edges[1::2]
        numbers = self._numbers(joined, codes, start, end)
        numbers, start, end = self._split_inside(numbers, start, end)
        if not len(numbers):
            nothing = np.zeros(0, dtype=np.int64)
            bounds = np.zeros(1, dtype=np.int32)
            return NoteSentences(Pieces(self.vocabulary, numbers, bounds), nothing, nothing, nothing, nothing)
        begins = np.zeros(len(numbers), dtype=bool)
        lines = np.flatnonzero((codes == 10) | (codes == 13))
        after_line = np.searchsorted(start, lines)
        begins[after_line[after_line < len(begins)]] = True
        begins[0] = True
        spaced = np.zeros(len(numbers), dtype=bool)
        spaced[1:] = (start[1:] - end[:-1] == 1) & (codes[end[:-1]] == 32)
        verdict = self._verdicts(numbers, spaced)
        verdict[1:][start[1:] == end[:-1]] = _YES
        verdict[begins] = _NO
        windows = _Windows(joined, offsets, start, end, begins.copy(), self._stops(numbers))
        begins |= verdict == _YES
        windows.ask(np.flatnonzero(verdict == _ASK), begins)
        first = np.flatnonzero(begins)
        bounds = np.append(first, len(numbers)).astype(np.int32)
        note = np.searchsorted(offsets, start[first], side="right") - 1
        before = offsets[note]
        piece_start = start - np.repeat(before, np.diff(bounds))
        pieces = Pieces(self.vocabulary, numbers, bounds)
        return NoteSentences(pieces, note, start[first] - before, end[bounds[1:] - 1] - before, piece_start)

    def _numbers(self, joined: str, codes: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Number the pieces between `start` and `end`, asking the vocabulary once per distinct piece."""
        places = np.append(start, len(codes)).astype(np.int32) * codes.itemsize
        buffers = [None, pa.py_buffer(places), pa.py_buffer(codes)]
        found = pa.Array.from_buffers(pa.binary(), len(start), buffers).dictionary_encode()
        which = found.indices.to_numpy()
        first = np.empty(len(found.dictionary), dtype=np.int64)
        first[which[::-1]] = np.arange(len(which))[::-1]
        spans = zip(start[first].tolist(), end[first].tolist(), strict=True)
        return self.vocabulary.numbers([joined[left:right] for left, right in spans])[which]

    def _split_inside(
        self, numbers: np.ndarray, start: np.ndarray, end: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Part pieces in which a sentence ends, where the space was forgotten."""
        joined = self._table.rows(self.vocabulary)[3]
        at = np.flatnonzero(joined[numbers])
        for position in reversed(at.tolist()):
            piece = self.vocabulary.types[numbers[position]]
            spans = split_sentences(piece)
            parts = [piece[left:right] for left, right in spans]
            lefts, rights = np.array(spans).T + start[position]
            numbers = np.concatenate(
                [numbers[:position], self.vocabulary.numbers(parts), numbers[position + 1 :]]
            )
            start = np.concatenate([start[:position], lefts, start[position + 1 :]])
            end = np.concatenate([end[:position], rights, end[position + 1 :]])
        return numbers, start, end

    def _verdicts(self, numbers: np.ndarray, spaced: np.ndarray) -> np.ndarray:
        """Say of each piece whether it begins a sentence: no, yes, or ask about the sentence, uint8 [n]."""
        goes_on, kind, opens, _ = self._table.rows(self.vocabulary)
        verdict = np.zeros(len(numbers), dtype=np.uint8)
        at = np.flatnonzero(goes_on[:, _OTHER][numbers[:-1]])
        after = at + 1
        verdict[after] = np.where(spaced[after], goes_on[numbers[at], kind[numbers[after]]], _ASK)
        opening = np.flatnonzero(opens[numbers])
        opening = opening[spaced[opening] & (verdict[opening] == _NO)]
        opening = opening[opening < len(numbers) - 1]
        goes_small = spaced[opening + 1] & (kind[numbers[opening + 1]] != _CAPITAL)
        verdict[opening[goes_small]] = _ASK
        return verdict

    def _stops(self, numbers: np.ndarray) -> np.ndarray:
        return self._table.rows(self.vocabulary)[0][:, _OTHER][numbers] == _ASK


@dataclass(frozen=True)
class _Windows:
    """Asks :func:`split_sentences` about places in their sentences.

    `start` and `end` are those of the pieces in the `joined` notes, which begin at `offsets`; `line` says
    which pieces begin a line, `stops` which end in a stop.
    """

    joined: str
    offsets: np.ndarray
    start: np.ndarray
    end: np.ndarray
    line: np.ndarray
    stops: np.ndarray

    def ask(self, places: np.ndarray, begins: np.ndarray) -> None:
        """Mark in `begins` which of the pieces at `places` (rising) begin a sentence."""
        known = np.flatnonzero(begins)
        known = known[np.searchsorted(known, places, side="right") - 1]
        notes = np.searchsorted(self.offsets, self.start[places], side="right")
        note_ends = self.offsets[notes] - 1
        ahead = np.minimum(self.end[np.minimum(places + _AHEAD, len(self.end) - 1)], note_ends)
        last = 0
        for place, first, note, until in zip(
            places.tolist(), known.tolist(), (notes - 1).tolist(), ahead.tolist(), strict=True
        ):
            window = self._window(max(first, last), note)
            here = int(self.start[place]) - window
            if any(begin == here for begin, _ in split_sentences(self.joined[window:until])):
                begins[place] = True
                last = place

    def _window(self, first: int, note: int) -> int:
        """Return where the sentence of piece `first` begins: the rules may count white space before it."""
        if first and not self.line[first] and self.stops[first - 1]:
            return int(self.end[first - 1])
        note_start = int(self.offsets[note])
        begins_note = first == 0 or self.end[first - 1] <= note_start
        return note_start if begins_note else int(self.start[first])


def _describe(types: list[str]) -> tuple[np.ndarray, ...]:
    """Find out about pieces: how they end a sentence before each kind, their kind, whether they open one,
    whether a sentence ends inside.
    """
    goes_on = np.zeros((len(types), len(_KINDS)), dtype=np.uint8)
    stops = [number for number, piece in enumerate(types) if _STOP.search(piece)]
    likes = [_like(types[number]) for number in stops]
    if likes:
        distinct = {like: place for place, like in enumerate(dict.fromkeys(likes))}
        goes_on[stops] = _endings(list(distinct))[[distinct[like] for like in likes]]
    kinds = np.array([_kind(piece) for piece in types], dtype=np.uint8)
    named = _may_open()
    small = [number for number, piece in enumerate(types) if _first_word(piece).capitalize() in named]
    small = [number for number in small if kinds[number] == _SMALL]
    after_stop = _breaks([(f"{_BEFORE.rstrip()}. ", f"{types[number]} sover") for number in small])
    kinds[np.array(small, dtype=np.intp)[after_stop]] = _OPENER
    opens = np.zeros(len(types), dtype=bool)
    capital = [number for number, piece in enumerate(types) if piece in named]
    opens[capital] = _breaks([(_BEFORE, f"{types[number]} sover") for number in capital])
    inner = np.zeros(len(types), dtype=bool)
    inner[[number for number in stops if _ends_inside(types[number])]] = True
    return goes_on, kinds, opens, inner


def _like(piece: str) -> str:
    """Return the piece, or one that ends sentences alike, as all words do that are no abbreviations."""
    plain = _PLAIN_STOP.fullmatch(piece)
    return f"xqzov{plain[1]}" if plain and f"{piece[:-1].lower()}." not in abbreviations() else piece


def _endings(pieces: list[str]) -> np.ndarray:
    lines = [(before + piece, after) for piece in pieces for before, after, _ in _PROBES]
    verdicts = _breaks(lines).reshape(len(pieces), len(_PROBES))
    out = np.full((len(pieces), len(_KINDS)), _ASK, dtype=np.uint8)
    for kind in (_CAPITAL, _NUMBER, _SMALL, _OPENER):
        found = verdicts[:, [column for column, probe in enumerate(_PROBES) if probe[2] == kind]]
        out[:, kind] = np.where((found == found[:, :1]).all(axis=1), found[:, 0], _ASK)
    unless_quoted = out[:, _OPENER] == _YES
    out[unless_quoted, _OPENER] = _ASK
    out[[piece.startswith("xqzov") for piece in pieces], _OPENER] = _ASK
    return out


def _breaks(lines: Sequence[tuple[str, str]]) -> np.ndarray:
    """Say of each line, in two parts, whether a sentence begins where the second part does."""
    starts = {start for start, _ in split_sentences("\n".join(map("".join, lines)))}
    verdicts, at = [], 0
    for before, after in lines:
        place = at + len(before)
        verdicts.append(place + after.startswith(" ") in starts)
        at = place + len(after) + 1
    return np.array(verdicts, dtype=bool)


def _kind(piece: str) -> int:
    bare = piece.lstrip(_LEADING_QUOTES)
    first = bare[:1]
    if first in _CAPITALS:
        return _CAPITAL
    if first.isdigit():
        return _NUMBER
    return _SMALL if first.islower() else _OTHER


def _first_word(piece: str) -> str:
    found = _WORD.search(piece)
    return found.group() if found else ""


@cache
def _may_open() -> frozenset[str]:
    """Return the words that may open a sentence where no plain stop says so; which do, the rules say."""
    text = (resources.files("dagbog_nlp") / "resources" / "sentence_openers_da.txt").read_text("utf-8")
    return frozenset(_WORD.findall(text))


def _ends_inside(piece: str) -> bool:
    return _INNER_STOP.search(piece) is not None and len(split_sentences(piece)) > 1
