"""Text as numbers: what stands between white space is looked at once per distinct piece.

Diary notes repeat their words: of a hundred running words two are new. So a text becomes an array of
numbers of pieces, and whatever is to be known of a piece stands in a table with a row per piece that
is filled in when the piece is first met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from scipy import sparse

FULL = 200_000
_FIRST_ROOM = 4096


class _Numbers(dict[str, int]):
    """Gives every new piece the next number."""

    def __init__(self) -> None:
        super().__init__()
        self.types: list[str] = []

    def __missing__(self, piece: str) -> int:
        number = self[piece] = len(self.types)
        self.types.append(piece)
        return number


class Vocabulary:
    """Numbers distinct pieces in the order in which they are met.

    Examples
    --------
    >>> vocabulary = Vocabulary()
    >>> vocabulary.numbers(["mor", "og", "mor"]).tolist(), vocabulary.types
    ([0, 1, 0], ['mor', 'og'])
    """

    def __init__(self) -> None:
        self._numbers = _Numbers()

    @property
    def types(self) -> list[str]:
        """The distinct pieces, by number."""
        return self._numbers.types

    @property
    def is_full(self) -> bool:
        """Whether it is time for a fresh one, so that memory stays flat over millions of notes."""
        return len(self.types) > FULL

    def numbers(self, pieces: Sequence[str]) -> np.ndarray:
        """Return the number of each piece, int32 [n]."""
        return np.fromiter(map(self._numbers.__getitem__, pieces), np.int32, len(pieces))


@dataclass(frozen=True)
class Pieces:
    """Sentences as numbers of pieces.

    Attributes
    ----------
    vocabulary
        What the numbers mean.
    numbers
        int32 [n_pieces].
    bounds
        int32 [n_sentences + 1]: sentence i holds the pieces from ``bounds[i]`` up to ``bounds[i + 1]``.

    Examples
    --------
    >>> pieces = Pieces.of(["Mor ringer", "", "Mor"])
    >>> pieces.numbers.tolist(), pieces.bounds.tolist()
    ([0, 1, 0], [0, 2, 2, 3])
    """

    vocabulary: Vocabulary
    numbers: np.ndarray
    bounds: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], vocabulary: Vocabulary | None = None) -> Pieces:
        """Split n sentences at white space."""
        vocabulary = vocabulary or Vocabulary()
        split = [text.split() for text in texts]
        bounds = np.zeros(len(split) + 1, dtype=np.int32)
        np.cumsum([len(pieces) for pieces in split], out=bounds[1:])
        return cls(vocabulary, vocabulary.numbers(list(chain.from_iterable(split))), bounds)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def take(self, rows: np.ndarray) -> Pieces:
        """Return some sentences, in any order, also several times."""
        lengths = np.diff(self.bounds)[rows]
        bounds = np.zeros(len(rows) + 1, dtype=np.int32)
        np.cumsum(lengths, out=bounds[1:])
        at = np.arange(bounds[-1]) + np.repeat(self.bounds[:-1][rows] - bounds[:-1], lengths)
        return Pieces(self.vocabulary, self.numbers[at], bounds)

    def sum_rows(self, table: np.ndarray) -> np.ndarray:
        """Add up the rows of a table [n_types, width] over each sentence, [n_sentences, width]."""
        return self.counts(len(table)) @ table

    def counts(self, n_types: int) -> sparse.csr_array:
        """Return how often each type stands in each sentence, float32 [n_sentences, n_types]."""
        ones = np.ones(len(self.numbers), dtype=np.float32)
        return sparse.csr_array((ones, self.numbers, self.bounds), shape=(len(self), n_types))


@dataclass
class PieceTable:
    """Arrays with a row per piece of a vocabulary, computed for new pieces in one go.

    Attributes
    ----------
    compute
        Makes the rows of some pieces: a tuple of arrays, each [n_pieces, ...].
    """

    compute: Callable[[list[str]], tuple[np.ndarray, ...]]
    _vocabulary: Vocabulary | None = field(default=None, repr=False)
    _known: int = 0
    _columns: list[np.ndarray] = field(default_factory=list, repr=False)

    def rows(self, vocabulary: Vocabulary) -> tuple[np.ndarray, ...]:
        """Return the arrays for all pieces that `vocabulary` holds by now."""
        if vocabulary is not self._vocabulary:
            self._vocabulary, self._known, self._columns = vocabulary, 0, []
        new = vocabulary.types[self._known :]
        if new or not self._columns:
            self._append(self.compute(new), self._known + len(new))
        return tuple(column[: self._known] for column in self._columns)

    def _append(self, rows: tuple[np.ndarray, ...], total: int) -> None:
        if not self._columns:
            self._columns = [np.empty((0, *part.shape[1:]), part.dtype) for part in rows]
        if total > len(self._columns[0]):
            room = max(_FIRST_ROOM, 2 * total)
            for place, column in enumerate(self._columns):
                self._columns[place] = np.empty((room, *column.shape[1:]), column.dtype)
                self._columns[place][: self._known] = column[: self._known]
        for column, part in zip(self._columns, rows, strict=True):
            column[self._known : total] = part
        self._known = total
