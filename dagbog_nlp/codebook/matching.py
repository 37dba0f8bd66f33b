"""Rules matched on many sentences at once: the words are numbers, and only places where a rule may begin
are followed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dagbog_nlp.codebook.rules import LONGEST_GAP, Rule


@dataclass
class ElementSets:
    """Numbers the distinct sets of elements that words fulfil; most fulfil none, which is number 0.

    Examples
    --------
    >>> sets = ElementSets()
    >>> sets.number(frozenset()), sets.number(frozenset({2})), sets.number(frozenset({2}))
    (0, 1, 1)
    >>> sets.table(3).tolist()
    [[False, False, False], [False, False, True]]
    """

    _numbers: dict[frozenset[int], int] = field(default_factory=lambda: {frozenset(): 0})
    _table: np.ndarray | None = None

    def number(self, elements: frozenset[int]) -> int:
        """Return the number of a set."""
        return self._numbers.setdefault(elements, len(self._numbers))

    def table(self, n_elements: int) -> np.ndarray:
        """Say which set holds which element, bool [n_sets, n_elements]."""
        if self._table is None or self._table.shape != (len(self._numbers), n_elements):
            self._table = np.zeros((len(self._numbers), n_elements), dtype=bool)
            for elements, number in self._numbers.items():
                self._table[number, list(elements)] = True
        return self._table


@dataclass(frozen=True)
class Words:
    """The words of some sentences as the rules see them.

    Attributes
    ----------
    sets
        int [n_words]: the set of elements that each word fulfils, a row of `holds`.
    holds
        bool [n_sets, n_elements], from :meth:`ElementSets.table`.
    after_break
        bool [n_words]: whether a sentence or a new clause begins with the word.
    sentence
        int [n_words]: the sentence of each word, rising.
    """

    sets: np.ndarray
    holds: np.ndarray
    after_break: np.ndarray
    sentence: np.ndarray


@dataclass(frozen=True)
class Spans:
    """Where rules stand: half-open ranges of words, each array [n].

    Attributes
    ----------
    rule
        Its place in the rules' order.
    first, last
        The range covers the words from `first` up to `last`.
    """

    rule: np.ndarray
    first: np.ndarray
    last: np.ndarray

    def __len__(self) -> int:
        return len(self.rule)

    def take(self, rows: np.ndarray) -> Spans:
        """Return some of them, by position or by mask."""
        return Spans(self.rule[rows], self.first[rows], self.last[rows])

    def meet(self, others: Spans, group: np.ndarray, other_group: np.ndarray) -> np.ndarray:
        """Say which of them share a word with one of the others of the same group, bool [n].

        Examples
        --------
        >>> spans = Spans(np.array([0, 0]), np.array([0, 4]), np.array([2, 5]))
        >>> other = Spans(np.array([0]), np.array([1]), np.array([3]))
        >>> spans.meet(other, np.array([7, 7]), np.array([7])).tolist()
        [True, False]
        """
        if not len(self) or not len(others):
            return np.zeros(len(self), dtype=bool)
        room = int(max(self.last.max(), others.last.max())) + 1
        start, reach = _furthest(others.first + other_group * room, others.last + other_group * room)
        before = np.searchsorted(start, self.last + group * room)
        return (before > 0) & (reach[before - 1] > self.first + group * room)

    def inside_longer(self, others: Spans) -> np.ndarray:
        """Say which of them are a part of one of the others, not the whole of it, bool [n].

        Examples
        --------
        >>> spans = Spans(np.array([0, 0]), np.array([0, 4]), np.array([2, 5]))
        >>> spans.inside_longer(Spans(np.array([0, 0]), np.array([0, 4]), np.array([3, 5]))).tolist()
        [True, False]
        """
        if not len(self) or not len(others):
            return np.zeros(len(self), dtype=bool)
        start, reach = _furthest(others.first, others.last)
        earlier = np.searchsorted(start, self.first)
        by_then = np.searchsorted(start, self.first, side="right")
        return ((earlier > 0) & (reach[earlier - 1] >= self.last)) | (
            (by_then > 0) & (reach[by_then - 1] > self.last)
        )


def _furthest(first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort ranges by their start, and say how far the ranges up to each reach."""
    order = np.argsort(first, kind="stable")
    return first[order], np.maximum.accumulate(last[order])


def spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count up to each of n numbers: whose turn it is, and how far it got.

    Examples
    --------
    >>> [array.tolist() for array in spread(np.array([2, 0, 3]))]
    [[0, 0, 2, 2, 2], [0, 1, 0, 1, 2]]
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


class RuleIndex:
    """Finds where rules stand.

    Parameters
    ----------
    rules
        Of one table; spans name them by their place here.

    Examples
    --------
    >>> from dagbog_nlp.codebook.rules import RuleTable
    >>> table, sets = RuleTable({}), ElementSets()
    >>> index = RuleIndex([table.rule("god kontakt", "example")])
    >>> numbers = np.array([sets.number(frozenset(table.match(w))) for w in "en god kontakt".split()])
    >>> begins, sentence = np.array([True, False, False]), np.zeros(3, dtype=np.int64)
    >>> found = index.spans(Words(numbers, sets.table(table.n_elements), begins, sentence))
    >>> found.rule.tolist(), found.first.tolist(), found.last.tolist()
    ([0], [1], [3])
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        phrases = [(place, part) for place, rule in enumerate(rules) for part in rule.parts]
        self._rule = np.array([place for place, _ in phrases], dtype=np.int64)
        self._parts = np.array([len(rule.parts) for rule in rules], dtype=np.int64)
        self._length = np.array([len(part.elements) for _, part in phrases], dtype=np.int64)
        self._longest = int(self._length.max(initial=1))
        self._elements = np.zeros((len(phrases), self._longest), dtype=np.int64)
        self._reach = np.ones((len(phrases), self._longest), dtype=np.int64)
        for row, (_, part) in enumerate(phrases):
            self._elements[row, : len(part.elements)] = part.elements
            self._reach[row, : len(part.gaps)] = np.where(part.gaps, 1 + LONGEST_GAP, 1)

    def spans(self, words: Words) -> Spans:
        """Return where the rules stand, in the order of the rules, then of the words.

        The range of a phrase begins at each word that fulfils its first element and ends by taking the
        nearest word for each further element, or the next that lets the rest stand.
        """
        first, phrase = self._beginnings(words)
        last = self._ends(words, first, phrase)
        found = np.flatnonzero(last)
        found = found[np.argsort(phrase[found], kind="stable")]
        first, phrase, last = first[found], phrase[found], last[found]
        whole = self._have_all_parts(words.sentence[first], phrase)
        return Spans(self._rule[phrase[whole]], first[whole], last[whole])

    def _beginnings(self, words: Words) -> tuple[np.ndarray, np.ndarray]:
        sets, phrases = np.nonzero(words.holds[:, self._elements[:, 0]])
        bounds = np.searchsorted(sets, np.arange(len(words.holds) + 1))
        counts = np.diff(bounds)[words.sets]
        at = np.flatnonzero(counts)
        owner, inner = spread(counts[at])
        first = at[owner]
        return first, phrases[bounds[words.sets[first]] + inner]

    def _ends(self, words: Words, first: np.ndarray, phrase: np.ndarray) -> np.ndarray:
        """Follow each phrase from its first word; 0 where it does not stand, int64 [n]."""
        last = np.zeros(len(first), dtype=np.int64)
        breaks = np.flatnonzero(words.after_break)
        wall = np.append(breaks, len(words.sets))
        path, at = np.arange(len(first)), first + 1
        for step in range(1, self._longest + 1):
            done = self._length[phrase[path]] == step
            ended, nearest = np.unique(path[done], return_index=True)
            last[ended] = at[done][nearest]
            path, at = path[~done], at[~done]
            if not len(path):
                break
            until = np.minimum(at + self._reach[phrase[path], step], wall[np.searchsorted(breaks, at)])
            owner, inner = spread(until - at)
            path, at = path[owner], at[owner] + inner
            held = words.holds[words.sets[at], self._elements[phrase[path], step]]
            path, at = path[held], at[held] + 1
            _, new = np.unique(path * (len(words.sets) + 1) + at, return_index=True)
            new.sort()
            path, at = path[new], at[new]
        return last

    def _have_all_parts(self, sentence: np.ndarray, phrase: np.ndarray) -> np.ndarray:
        """Say which phrases stand in a sentence with all other parts of their rule, bool [n]."""
        rule = self._rule[phrase]
        several = self._parts[rule] > 1
        if not several.any():
            return ~several
        place = sentence * len(self._parts) + rule
        parts = np.unique(np.stack([place[several], phrase[several]]), axis=1)[0]
        places, held = np.unique(parts, return_counts=True)
        return ~several | np.isin(place, places[held == self._parts[places % len(self._parts)]])
