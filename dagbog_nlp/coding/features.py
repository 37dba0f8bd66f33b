"""Word features of sentences: words, word pairs and the letters inside words.

Diary notes are written in haste: ``ik``, ``ska``, ``m/mor``, ``afb.``. The features see such
spellings in their plain form, so that what is learned from one writer holds for another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Self

import numpy as np
import srsly
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

_NUMBER = re.compile(r"\d+")
_WORD = r"(?u)\w+"
_CHUNK = re.compile(r"\S+")
_EDGE = "«»\"“”„'’‘()[]{}<>,;:!?…*-–—"


@cache
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    data = srsly.yaml_loads(files("dagbog_nlp.resources").joinpath("spelling_da.yaml").read_text("utf-8"))
    return data["words"], data["prefixes"]


@cache
def _plain_chunk(chunk: str) -> str:
    words, prefixes = _spellings()
    bare = chunk.strip(_EDGE)
    for prefix, word in prefixes.items():
        if bare.startswith(prefix) and len(bare) > len(prefix):
            return f"{word} {_plain_chunk(bare[len(prefix) :])}"
    plain = words.get(bare) or words.get(bare.rstrip("."))
    if plain is None:
        return _NUMBER.sub("0", chunk)
    before, _, after = chunk.partition(bare)
    return f"{before}{plain}{after}"


def plain_spelling(text: str) -> str:
    """Lower-case a sentence and write oral and telegraphic spellings out.

    Examples
    --------
    >>> plain_spelling("Afb. fra BM, hun ska ik m/ i dag kl. 14")
    'afbud fra mor, hun skal ikke m/ i dag kl. 0'
    >>> plain_spelling("Aftaler m/mor")
    'aftaler med mor'
    """
    folded = unicodedata.normalize("NFC", text).lower()
    return _CHUNK.sub(lambda match: _plain_chunk(match.group()), folded)


class WordFeatures(TransformerMixin, BaseEstimator):
    """TF-IDF of words, word pairs and of the character n-grams inside words.

    Parameters
    ----------
    min_sentences
        Keep a feature that occurs in at least so many training sentences.
    min_groups
        Keep a feature that occurs in at least so many groups (cases). A model that is trained on
        real notes must not remember what only one family has; then use 5 or more.
    letters
        Shortest and longest character n-gram.

    Attributes
    ----------
    words_, letters_
        The kept words and word pairs, and the kept character n-grams, one a line.
    word_idf_, letter_idf_
        Their inverse document frequencies, float32.

    Examples
    --------
    >>> features = WordFeatures(min_sentences=1).fit(["Mor aflyser.", "Mor ringer."])
    >>> features.transform(["mor aflyser igen"]).shape[0]
    1
    """

    def __init__(
        self, *, min_sentences: int = 2, min_groups: int = 1, letters: tuple[int, int] = (2, 5)
    ) -> None:
        self.min_sentences = min_sentences
        self.min_groups = min_groups
        self.letters = letters

    def fit(self, X: Sequence[str], y: Any = None, groups: Any = None) -> Self:  # noqa: N803
        """Learn the vocabulary of `X` (n sentences), where `groups` (n,) names each sentence's case."""
        plain = [plain_spelling(text) for text in X]
        self.words_, self.word_idf_ = self._vocabulary(self._word_counter(), plain, groups)
        self.letters_, self.letter_idf_ = self._vocabulary(self._letter_counter(), plain, groups)
        self.__dict__.pop("_counters", None)
        return self

    def counts(self, X: Sequence[str]) -> sparse.csr_matrix:  # noqa: N803
        """Count the features of n sentences, float32 [n, n_features]: words and pairs, then n-grams."""
        plain = [plain_spelling(text) for text in X]
        return sparse.hstack([counter.transform(plain) for counter in self._fitted_counters()], format="csr")

    def transform(self, X: Sequence[str]) -> sparse.csr_matrix:  # noqa: N803
        """Weigh the features of n sentences, float32 [n, n_features]; unit length for words and n-grams."""
        counts = self.counts(X)
        counts.data = 1 + np.log(counts.data)
        blocks = []
        for block, idf in (
            (counts[:, : len(self.word_idf_)], self.word_idf_),
            (counts[:, len(self.word_idf_) :], self.letter_idf_),
        ):
            blocks.append(normalize(block @ sparse.diags_array(idf), copy=False))
        return sparse.hstack(blocks, format="csr", dtype=np.float32)

    @property
    def n_words(self) -> int:
        """How many columns are words and word pairs; the rest are character n-grams."""
        return len(self.word_idf_)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of :meth:`transform`, array of str [n_features]."""
        check_is_fitted(self)
        return np.array([*self.words_.split("\n"), *self.letters_.split("\n")])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_counters"}

    def _word_counter(self) -> CountVectorizer:
        return CountVectorizer(ngram_range=(1, 2), token_pattern=_WORD, lowercase=False, dtype=np.float32)

    def _letter_counter(self) -> CountVectorizer:
        return CountVectorizer(
            analyzer="char_wb", ngram_range=tuple(self.letters), lowercase=False, dtype=np.float32
        )

    def _fitted_counters(self) -> tuple[CountVectorizer, CountVectorizer]:
        check_is_fitted(self)
        if "_counters" not in self.__dict__:
            self._counters = (
                self._word_counter().set_params(vocabulary=_positions(self.words_)),
                self._letter_counter().set_params(vocabulary=_positions(self.letters_)),
            )
        return self._counters

    def _vocabulary(self, counter: CountVectorizer, texts: list[str], groups: Any) -> tuple[str, np.ndarray]:
        present = counter.fit_transform(texts).tocsr() > 0
        sentences = np.asarray(present.sum(axis=0)).ravel()
        keep = sentences >= self.min_sentences
        if self.min_groups > 1:
            if groups is None:
                raise ValueError("min_groups needs groups: pass the case of each sentence to fit")
            _, group = np.unique(np.asarray(groups), return_inverse=True)
            of_group = sparse.csr_matrix((np.ones(len(group), np.float32), (group, np.arange(len(group)))))
            keep &= np.asarray(((of_group @ present) > 0).sum(axis=0)).ravel() >= self.min_groups
        names = counter.get_feature_names_out()[keep]
        idf = np.log((1 + len(texts)) / (1 + sentences[keep])) + 1
        return "\n".join(names), idf.astype(np.float32)


def _positions(names: str) -> dict[str, int]:
    return {name: position for position, name in enumerate(names.split("\n"))}
