"""Where a feature stands among the columns, looked up for many words at once in hash tables of arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dagbog_nlp.codebook.matching import spread

_NO_WORD = 2


class KeyTable:
    """Finds the places of distinct keys.

    Parameters
    ----------
    keys
        int64 [n_keys].

    Examples
    --------
    >>> KeyTable(np.array([7, 3])).find(np.array([3, 4, 7])).tolist()
    [1, -1, 0]
    """

    _FACTOR = np.uint64(0x9E3779B97F4A7C15)

    def __init__(self, keys: np.ndarray) -> None:
        self._keys = keys
        bits = max(4, int(len(keys) * 4).bit_length())
        self._shift = np.uint64(64 - bits)
        self._slots = np.full(1 << bits, -1, dtype=np.int32)
        waiting, self._probes = np.arange(len(keys)), 0
        while len(waiting):
            slots = self._slots_of(keys[waiting], self._probes)
            free = self._slots[slots] < 0
            self._slots[slots[free]] = waiting[free]
            waiting = waiting[self._slots[slots] != waiting]
            self._probes += 1

    def _slots_of(self, keys: np.ndarray, probe: int) -> np.ndarray:
        hashed = (keys.view(np.uint64) * self._FACTOR) >> self._shift
        return (hashed.view(np.int64) + probe) & (len(self._slots) - 1)

    def find(self, keys: np.ndarray) -> np.ndarray:
        """Return the place of each key, -1 for one that is not there, int64 [n]."""
        place = np.full(len(keys), -1, dtype=np.int64)
        open_ = np.arange(len(keys))
        for probe in range(self._probes):
            held = self._slots[self._slots_of(keys[open_], probe)]
            hit = (held >= 0) & (self._keys[held] == keys[open_])
            place[open_[hit]] = held[hit]
            open_ = open_[(held >= 0) & ~hit]
        return place


class PairIndex:
    """Finds the word pairs of a vocabulary by the columns of their words.

    Parameters
    ----------
    words
        Columns of words (``mor``) and pairs (``mor aflyser``); a pair is of use when both its words
        are there.

    Attributes
    ----------
    columns
        int32 [n_pairs].

    Examples
    --------
    >>> pairs = PairIndex({"mor": 0, "aflyser": 1, "mor aflyser": 2})
    >>> pairs.find(np.array([4, 7]), np.array([0 * 3 + 1, 1 * 3 + 0]))
    (array([4]), array([0]))
    """

    def __init__(self, words: dict[str, int]) -> None:
        split = ((name.split(" "), column) for name, column in words.items() if " " in name)
        of = [(words[a], words[b], column) for (a, b), column in split if a in words and b in words]
        first, second, columns = np.array(of, dtype=np.int64).reshape(-1, 3).T
        self.columns = columns.astype(np.int32)
        self._table = KeyTable(first * len(words) + second)

    def find(self, at: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return those of the positions `at` whose key is a known pair, and the pairs."""
        pair = self._table.find(keys)
        known = pair >= 0
        return at[known], pair[known]


class LetterIndex:
    """Finds the known character n-grams of words, walking down their letters for all words together.

    Parameters
    ----------
    grams
        The n-grams; a space stands for the border of a word.

    Examples
    --------
    >>> index = LetterIndex(["or", "r ", " mo"])
    >>> index.find(["mor", "mormor"], 2, 3)[0].tolist()
    [0, 1, 2, 0, 0, 1, 2]
    """

    def __init__(self, grams: Sequence[str]) -> None:
        letters = sorted(set().union(*grams))
        self._number = np.zeros(ord(letters[-1]) + 2 if letters else 1, dtype=np.int64)
        self._number[[ord(letter) for letter in letters]] = np.arange(1, len(letters) + 1)
        self._base = len(letters) + 1
        lengths = np.array([len(gram) for gram in grams], dtype=np.int64)
        offsets = np.cumsum(lengths) - lengths
        codes = self._numbers(_code_points("".join(grams)))
        node, keys, columns = np.zeros(len(grams), dtype=np.int64), [], [np.full(1, -1)]
        n_nodes = 1
        for depth in range(int(lengths.max(initial=0))):
            longer = np.flatnonzero(lengths > depth)
            found, child = np.unique(
                node[longer] * self._base + codes[offsets[longer] + depth], return_inverse=True
            )
            node[longer] = n_nodes + child
            n_nodes += len(found)
            keys.append(found)
            ends = longer[lengths[longer] == depth + 1]
            columns.append(np.full(len(found), -1))
            columns[-1][node[ends] - (n_nodes - len(found))] = ends
        self._column = np.concatenate(columns)
        self._children = KeyTable(np.concatenate(keys) if keys else np.zeros(0, dtype=np.int64))

    def _numbers(self, points: np.ndarray) -> np.ndarray:
        return self._number[np.minimum(points, len(self._number) - 1)]

    def find(self, texts: Sequence[str], shortest: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
        """Look up the n-grams of n texts, word after word: the shortest first, then by their place.

        Parameters
        ----------
        texts
            Words, or several with a space between.
        shortest, longest
            How many letters.

        Returns
        -------
        columns, bounds
            int64 [n_found] and int64 [n + 1]: text i has the known n-grams from ``bounds[i]`` up to
            ``bounds[i + 1]``.
        """
        points = _code_points(f" {' '.join(texts)} ")
        codes = self._numbers(points)
        text_end = np.cumsum(np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1)
        border = np.flatnonzero(points == ord(" "))
        begin, edged = border[:-1], np.diff(border) + 1
        sizes = np.arange(shortest, longest + 1)
        edged[edged == _NO_WORD] = 0
        n_grams = np.maximum(edged[:, None] - sizes + 1, 0)
        room = np.concatenate([[0], np.cumsum(n_grams)])
        slots = np.full(room[-1], -1)
        word, inner = spread(edged)
        at, node = begin[word] + inner, np.zeros(len(word), dtype=np.int64)
        for depth in range(longest):
            inside = inner + depth < edged[word]
            word, inner, at, node = word[inside], inner[inside], at[inside], node[inside]
            child = self._children.find(node * self._base + codes[at + depth])
            known = child >= 0
            word, inner, at, node = word[known], inner[known], at[known], child[known] + 1
            if depth + 1 >= shortest:
                slots[room[word * len(sizes) + depth + 1 - shortest] + inner] = self._column[node]
        known = slots >= 0
        first_word = np.searchsorted(begin, np.concatenate([[0], text_end]))
        n_known = np.concatenate([[0], np.cumsum(known)])
        return slots[known], n_known[room[first_word * len(sizes)]]


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
