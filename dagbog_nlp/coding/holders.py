"""Whose experience a hit tells of: the person who is its subject, its agent, or near it.

Only people in the hit's own clause count, and for a verb without one those of earlier clauses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagbog_nlp.coding.tokens import Tokens

_POSSESSIVES = ("min", "mit", "mine", "vores", "vor", "hans", "hendes", "deres")
_FIRST_PERSON = ("jeg", "vi", "mig", "os", *_POSSESSIVES)
_WHOSE, _SPEAKER, _BY, _BETWEEN = (1 << bit for bit in range(4))
_ROLES = ((_WHOSE, _POSSESSIVES), (_SPEAKER, _FIRST_PERSON), (_BY, ("af",)), (_BETWEEN, ("mellem",)))


def word_roles(word: str) -> int:
    """Return what a word in lower case says about the people beside it, as bits for :func:`find_holders`."""
    return sum(role for role, words in _ROLES if word in words)


@dataclass(frozen=True)
class Hits:
    """Where hits stand, each array [n]: the words from `first` up to `last`, and whether it is a verb."""

    first: np.ndarray
    last: np.ndarray
    verb: np.ndarray


def find_holders(tokens: Tokens, people: np.ndarray, roles: np.ndarray, hits: Hits) -> np.ndarray:
    """Find the person of each of n hits.

    Parameters
    ----------
    tokens
        The words of the sentences.
    people
        int [n_words]: above 0 for a word that names a person.
    roles
        uint8 [n_words]: see :func:`word_roles`.
    hits
        Where n hits stand.

    Returns
    -------
    numpy.ndarray
        int64 [n]: the word that names the person, -1 for none.
    """
    n, first, last, verb = len(tokens), hits.first, hits.last, hits.verb
    no, yes = np.zeros(len(first), dtype=bool), np.ones(len(first), dtype=bool)
    whose = (roles & _WHOSE) > 0
    person = np.flatnonzero(people)
    subject = np.flatnonzero((people > 0) & ~whose)
    cuts = np.flatnonzero(tokens.begins | tokens.after_strong | tokens.after_comma)
    start = cuts[np.searchsorted(cuts, first, side="right") - 1]
    end = np.append(cuts, n)[np.searchsorted(cuts, last)]
    sentence = np.searchsorted(tokens.sentence, tokens.sentence[first])

    own = _between(subject, start, first, verb)
    before = np.where(own >= 0, own, _between(person, start, first, verb))
    behind = _between(person, last, end, no)
    by = (roles & _BY) > 0
    agent = np.full(len(first), n)
    for words_between, earliest in ((0, last + 1), (1, last + 2)):
        after_by = person[person > words_between]
        after_by = after_by[by[after_by - 1 - words_between]]
        found = _between(after_by, earliest, end, no)
        agent = np.where(found >= 0, np.minimum(agent, found), agent)
    between = np.flatnonzero(roles & _BETWEEN)
    shared = _between(between, last, behind, no) >= 0
    earlier = _between(person, sentence, start, yes)

    place = np.where(verb, earlier, -1)
    place = np.where((behind >= 0) & (verb | shared), behind, place)
    place = np.where(before >= 0, before, place)
    place = np.where(verb & (agent < n), agent, place)
    speaks = tokens.quoted[first] & (place >= 0) & ((roles[place] & _SPEAKER) > 0)
    speaker = np.flatnonzero((people > 0) & ~whose & ~tokens.quoted)
    sentence_end = np.searchsorted(tokens.sentence, tokens.sentence[first], side="right")
    return np.where(speaks, _between(speaker, sentence, sentence_end, no), place)


def _between(places: np.ndarray, low: np.ndarray, high: np.ndarray, nearest_end: np.ndarray) -> np.ndarray:
    """Return the first of the rising `places` from `low` up to `high`, or the last; -1 for none."""
    if not len(places):
        return np.full(len(low), -1)
    at_low, at_high = np.searchsorted(places, low), np.searchsorted(places, high)
    chosen = places[np.minimum(np.where(nearest_end, at_high - 1, at_low), len(places) - 1)]
    return np.where(at_low < at_high, chosen, -1)
