"""The words of sentences, and the punctuation between them, as arrays over many sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from dagbog_nlp.codebook.wordforms import WORD
from dagbog_nlp.coding.word_table import Vocabulary

_WORDS = re.compile(f"({WORD.pattern})")
_FULL_STOP = re.compile(r"\.(?!\w)")
_BREAK = re.compile(r"[.;!?()\n–…]| - |,(?! (?:der|som)\b)")
_LINE, _SPACE = 10, 32
_STRONG, _BREAKING, _COMMA, _QUOTE, _DASH = (1 << bit for bit in range(5))
_MARKS = np.zeros(0x2028, dtype=np.uint8)
for _signs, _mark in (
    (".;!?()\n–…", _STRONG | _BREAKING),
    (":", _STRONG),
    (",", _COMMA),
    ('"”“»«', _QUOTE),
    ("-", _DASH),
):
    _MARKS[[ord(sign) for sign in _signs]] |= _mark


@dataclass(frozen=True)
class Tokens:
    """The words of n sentences, each array [n_words].

    Attributes
    ----------
    word
        int32: their numbers in a vocabulary.
    sentence
        int64: the sentence of each, rising.
    start, end
        int64: offsets into the sentence.
    begins
        bool: the sentence's first word.
    after_strong, after_comma
        bool: whether a strong mark (stop, colon, bracket, dash) or a comma stands before it.
    after_break
        bool: whether a new clause begins with it, where no phrase may reach across; also each sentence.
    before_stop
        bool: whether a full stop follows that is no part of a longer word.
    after_space
        bool: whether one space, and nothing else, parts it from the word before.
    quoted
        bool: whether it stands in quotation marks.

    Examples
    --------
    >>> tokens = Tokens.of(['Mor, der kom: "Nej. Nu"', "Far"], Vocabulary())
    >>> list(zip(tokens.sentence.tolist(), tokens.start.tolist(), tokens.end.tolist()))
    [(0, 0, 3), (0, 5, 8), (0, 9, 12), (0, 15, 18), (0, 20, 22), (1, 0, 3)]
    >>> [np.flatnonzero(marks).tolist() for marks in (tokens.after_strong, tokens.after_break, tokens.quoted)]
    [[3, 4], [0, 4, 5], [3, 4]]
    """

    word: np.ndarray
    sentence: np.ndarray
    start: np.ndarray
    end: np.ndarray
    begins: np.ndarray
    after_strong: np.ndarray
    after_comma: np.ndarray
    after_break: np.ndarray
    before_stop: np.ndarray
    after_space: np.ndarray
    quoted: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], vocabulary: Vocabulary) -> Tokens:
        """Find the words of n texts."""
        joined = "\n".join(texts)
        codes = np.frombuffer(f"{joined}\n".encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
        offsets = np.cumsum([0, *(len(text) + 1 for text in texts)])
        parts = _WORDS.split(joined)
        borders = np.cumsum(np.fromiter(map(len, parts), dtype=np.int64, count=len(parts)))
        start, end = borders[:-1:2], borders[1::2]
        sentence = np.searchsorted(offsets, start, side="right") - 1
        begins = np.ones(len(start), dtype=bool)
        begins[1:] = sentence[1:] != sentence[:-1]
        marks = _MARKS[np.minimum(codes, len(_MARKS) - 1)]
        at = np.flatnonzero(marks)
        mark = marks[at]
        dash = at[(mark & _DASH) > 0]
        dash = dash[dash > 0]
        dash = dash[(codes[dash - 1] == _SPACE) & (codes[dash + 1] == _SPACE)]

        def before(*places: np.ndarray) -> np.ndarray:
            out = np.zeros(len(start) + 1, dtype=bool)
            for place in places:
                out[np.searchsorted(start, place)] = True
            return out[:-1] & ~begins

        comma = before(at[(mark & _COMMA) > 0])
        after_break = begins | before(at[(mark & _BREAKING) > 0], dash)
        for number in np.flatnonzero(comma & ~after_break).tolist():
            after_break[number] = _BREAK.search(joined, end[number - 1], end[number]) is not None
        quotes = at[(mark & _QUOTE) > 0]
        quotes_before = np.searchsorted(quotes, start) - np.searchsorted(quotes, offsets)[sentence]
        before_stop = codes[end] == ord(".")
        after_stop = codes[np.minimum(end + 1, len(codes) - 1)]
        for number in np.flatnonzero(before_stop & (after_stop != _SPACE) & (after_stop != _LINE)).tolist():
            before_stop[number] = _FULL_STOP.match(joined, end[number]) is not None
        after_space = ~begins
        after_space[1:] &= (start[1:] - end[:-1] == 1) & (codes[end[:-1]] == _SPACE)
        return cls(
            vocabulary.numbers(parts[1::2]),
            sentence,
            start - offsets[sentence],
            end - offsets[sentence],
            begins,
            before(at[(mark & _STRONG) > 0], dash),
            comma,
            after_break,
            before_stop,
            after_space,
            quotes_before % 2 == 1,
        )

    def __len__(self) -> int:
        return len(self.word)

    def take(self, rows: np.ndarray) -> Tokens:
        """Return some of the words, by position or by mask."""
        return Tokens(*(getattr(self, column.name)[rows] for column in fields(self)))
