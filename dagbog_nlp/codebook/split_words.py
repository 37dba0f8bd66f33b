"""Split compounds (særskrivning): which neighbouring words are one word of the codebook written as two.

What a keyword rule names may be split anywhere ("dia log", "re aktion"); what it does not mean may be
split between its parts ("stik kontakt", "hjælpe middel"). Where both halves are Danish words that may
stand together as two ("over skud", "om sorg"), the word before decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.resources import files

import srsly

from dagbog_nlp.codebook.wordforms import EXACT, GLOB, fold, inflect, is_word, normalise

ARTICLE, OWNER, QUALITY, POSSESSION, AMOUNT, PREPOSITION, CONJUNCTION, ALWAYS = (1 << bit for bit in range(8))
_NOUN_FOLLOWS = ARTICLE | OWNER | QUALITY
_FORM, _COMPOUND = 1, 2
_SHORTEST_FIRST, _SHORTEST_LAST, _CLEAR_FROM = 2, 3, 4
_VOWELS = frozenset("aeiouy")
_FOLDED = frozenset(("ae", "oe", "aa"))


@cache
def function_words() -> frozenset[str]:
    """Return the words that hold sentences together and say little of their own."""
    text = files("dagbog_nlp.resources").joinpath("function_words_da.txt").read_text("utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _lists() -> dict[str, frozenset[str]]:
    text = files("dagbog_nlp.resources").joinpath("split_words_da.yaml").read_text("utf-8")
    return {name: frozenset(words) for name, words in srsly.yaml_loads(text).items()}


@cache
def _evidence() -> dict[str, int]:
    lists, evidence = _lists(), dict[str, int]()
    for bit, name in (
        (ARTICLE, "articles"),
        (OWNER, "owners"),
        (QUALITY, "qualities"),
        (POSSESSION, "possession"),
        (AMOUNT, "amounts"),
        (PREPOSITION, "prepositions"),
        (CONJUNCTION, "conjunctions"),
    ):
        for word in lists[name]:
            evidence[word] = evidence.get(word, 0) | bit
    return evidence


def evidence(word: str) -> int:
    """Return what a word in lower case says about the next: the bits that :meth:`SplitWords.needs` asks for.

    Examples
    --------
    >>> evidence("hendes") == OWNER, evidence("bog")
    (True, 0)
    """
    return _evidence().get(word, 0)


class SplitWords:
    """Knows the halves of words that a writer may have split.

    Parameters
    ----------
    entries
        The plain words of keyword rules.
    forms
        Their forms, folded.
    excluded
        Entries of rules that shut out a single word; of a glob only what it spells out is known.

    Examples
    --------
    >>> split = SplitWords(["kontakt"], ["kontakt", "kontakten"], ["stikkontakt"])
    >>> split.needs("kon", "takten") == ALWAYS, split.needs("stik", "kontakt") == ALWAYS
    (True, True)
    >>> split.needs("kontakt", "person") == ALWAYS, split.needs("kontakt", "far")
    (True, 0)
    """

    def __init__(self, entries: Iterable[str], forms: Collection[str], excluded: Iterable[str]) -> None:
        self._heads = frozenset(fold(entry) + link for entry in entries for link in ("", "s"))
        self._cuts = frozenset(_cuts(frozenset(forms)))
        self._excluded = frozenset(_seams(excluded, forms))
        halves = self._cuts | self._excluded
        self._firsts = frozenset(first for first, _ in halves)
        self._lasts = frozenset(last for _, last in halves)
        self._glue = frozenset(map(fold, function_words()))
        self._telling = frozenset(
            _rarer(first, last) for first, last in self._cuts if first not in forms and last not in forms
        )

    def tells(self, word: str) -> bool:
        """Say whether every sentence with some split word holds this word or a whole keyword."""
        return fold(word) in self._telling

    def begins(self, word: str) -> int:
        """Return which kinds of split words a word, or two, may begin: bits that meet :meth:`ends`."""
        key = fold(word)
        return _FORM * (key in self._firsts) | _COMPOUND * (key in self._heads)

    def ends(self, word: str) -> int:
        """Return which kinds of split words a word may end."""
        key = fold(word)
        if len(key) < _SHORTEST_LAST or key in self._glue:
            return 0
        return _FORM * (key in self._lasts) | _COMPOUND

    def needs(self, first: str, last: str) -> int:
        """Say what must stand before two words for them to be one, as bits; 0 where they are not.

        Parameters
        ----------
        first, last
            Neighbours; `first` may be two words of which the third makes one.
        """
        halves = fold(first), fold(last)
        if halves in self._cuts:
            return ALWAYS if " " in first else _needs(normalise(first), normalise(last))
        if halves in self._excluded:
            return 0 if normalise(first) in _particles() else ALWAYS
        if halves[0] in self._heads and is_word(first.replace(" ", "") + last):
            return _NOUN_FOLLOWS | POSSESSION | PREPOSITION if halves[0][-1] == "e" else ALWAYS
        return 0


def _needs(first: str, last: str) -> int:
    if first in _lists()["firm"]:
        loosely = POSSESSION | AMOUNT
    elif first in _particles():
        loosely = 0
    elif first in function_words():
        return 0 if is_word(last) else ALWAYS
    else:
        return ALWAYS
    return _NOUN_FOLLOWS | loosely if is_word(last) else ALWAYS


def _particles() -> frozenset[str]:
    return _lists()["firm"] | _lists()["loose"]


def _rarer(first: str, last: str) -> str:
    """Return the half of a split word that fewer sentences hold for another reason."""
    if is_word(last) and not is_word(first):
        return first
    return last if first in _particles() or not is_word(last) or len(last) > len(first) else first


def _cuts(forms: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Cut folded forms in two halves that can be spoken; an ending does not stand alone."""
    for key in forms:
        for cut in range(_SHORTEST_FIRST, len(key) - _SHORTEST_LAST + 1):
            first, last = key[:cut], key[cut:]
            ending = len(last) < _CLEAR_FROM and first in forms
            spoken = not _VOWELS.isdisjoint(first) and not _VOWELS.isdisjoint(last)
            if spoken and not ending and first[-1] + last[0] not in _FOLDED:
                yield first, last


def _seams(excluded: Iterable[str], forms: Collection[str]) -> Iterator[tuple[str, str]]:
    """Cut excluded words where a keyword begins; of a glob, what it spells out, with all its forms."""
    for entry in excluded:
        body = entry.rstrip(EXACT).strip("".join(GLOB))
        if set(body) & set(GLOB):
            continue
        is_glob, key = set(entry) & set(GLOB), fold(body)
        words = {key} if entry.endswith(EXACT) else set(map(fold, inflect(body)))
        for cut in range(_SHORTEST_FIRST, len(key)):
            first, start = key[:cut], key[cut:]
            if start in forms:
                tails = (form for form in forms if form.startswith(start))
                yield from ((first, tail) for tail in tails if is_glob or first + tail in words)
