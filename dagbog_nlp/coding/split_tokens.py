"""Words that were split in two or three, put together again: on arrays, where the halves may meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dagbog_nlp.codebook.split_words import ALWAYS, ARTICLE, CONJUNCTION
from dagbog_nlp.coding.tokens import Tokens
from dagbog_nlp.coding.word_table import Vocabulary


class SplitColumns(NamedTuple):
    """What is known of each word of a vocabulary, uint8 [n_types] each: bits of
    :class:`~dagbog_nlp.codebook.split_words.SplitWords`.

    Attributes
    ----------
    begins, ends
        What split words it may begin and end.
    needs
        Of two or three words: what must stand before them to be one.
    evidence
        What it says about the next word.
    """

    begins: np.ndarray
    ends: np.ndarray
    needs: np.ndarray
    evidence: np.ndarray


def put_together(tokens: Tokens, vocabulary: Vocabulary, columns: Callable[[], SplitColumns]) -> Tokens:
    """Make one word of those that were split, the longest first.

    Parameters
    ----------
    tokens
        The words of some sentences.
    vocabulary
        What their numbers mean; it takes up what may be one word, with a space between the parts.
    columns
        Looks up what is known of all words that `vocabulary` holds by then.

    Returns
    -------
    Tokens
        A word put together has the number of its parts with a space between, and covers them.
    """
    known = columns()
    second = _meeting(tokens, known, tokens.word[:-1], np.arange(1, len(tokens)))
    if not len(second):
        return tokens
    pairs = _numbers(vocabulary, tokens.word[second - 1], tokens.word[second])
    known = columns()
    inner = np.flatnonzero(second + 1 < len(tokens))
    third = _meeting(tokens, known, pairs[inner], second[inner] + 1)
    of_pair = np.searchsorted(second, third - 1)
    triples = _numbers(vocabulary, pairs[of_pair], tokens.word[third])
    known = columns()
    last, number = np.concatenate([third, second]), np.concatenate([triples, pairs])
    first = last - np.repeat([2, 1], [len(third), len(second)])
    joined = (known.needs[number] & _evidence(tokens, known.evidence, first)) > 0
    kept = np.ones(len(tokens), dtype=bool)
    taken = np.zeros(len(tokens), dtype=bool)
    for start, end, whole in zip(*(places[joined].tolist() for places in (first, last, number)), strict=True):
        if not taken[start : end + 1].any():
            taken[start : end + 1], kept[start + 1 : end + 1] = True, False
            tokens.word[start], tokens.end[start] = whole, tokens.end[end]
    return tokens.take(kept)


def _meeting(tokens: Tokens, known: SplitColumns, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return which of the words at `right` may end what the words of number `left` before them begin."""
    meet = (known.begins[left] & known.ends[tokens.word[right]]) > 0
    return right[meet & tokens.after_space[right]]


def _numbers(vocabulary: Vocabulary, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    types = vocabulary.types
    return vocabulary.numbers(
        [f"{types[first]} {types[last]}" for first, last in zip(left.tolist(), right.tolist(), strict=True)]
    )


def _evidence(tokens: Tokens, evidence: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return what stands right before some words; an article that begins a clause is a pronoun."""
    before = evidence[tokens.word[at - 1]]
    earlier = evidence[tokens.word[at - 2]]
    alone = tokens.begins | tokens.after_break | tokens.after_comma
    pronoun = alone[at - 1] | ((earlier & CONJUNCTION) > 0)
    before = np.where(pronoun, before & ~np.uint8(ARTICLE), before)
    return np.where(alone[at] | ~tokens.after_space[at], 0, before) | np.uint8(ALWAYS)
