"""Word features of sentences: words, word pairs and the letters inside words.

Diary notes are written in haste: ``ik``, ``ska``, ``m/mor``, ``afb.``. The features see such
spellings in their plain form, so that what is learned from one writer holds for another.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np
import srsly
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from dagbog_nlp.coding.feature_index import LetterIndex, PairIndex
from dagbog_nlp.coding.word_table import Pieces, Vocabulary

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_CHUNK = re.compile(r"\S+")
_EDGE = "«»\"“”„'’‘()[]{}<>,;:!?…*-–—"


@cache
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    data = srsly.yaml_loads(files("dagbog_nlp.resources").joinpath("spelling_da.yaml").read_text("utf-8"))
    return data["words"], data["prefixes"]


@cache
def _prefix() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, _spellings()[1])))


def _plain_piece(piece: str) -> str:
    words, prefixes = _spellings()
    chunk = unicodedata.normalize("NFC", piece).lower()
    written_out = ""
    bare = chunk.strip(_EDGE)
    while (prefix := _prefix().match(bare)) and prefix.end() < len(bare):
        written_out += f"{prefixes[prefix.group()]} "
        chunk = bare[prefix.end() :]
        bare = chunk.strip(_EDGE)
    plain = words.get(bare) or words.get(bare.rstrip("."))
    if plain is None:
        return written_out + _NUMBER.sub("0", chunk)
    before, _, after = chunk.partition(bare)
    return f"{written_out}{before}{plain}{after}"


def plain_spelling(text: str) -> str:
    """Lower-case a sentence and write oral and telegraphic spellings out.

    Examples
    --------
    >>> plain_spelling("Afb. fra BM, hun ska ik m/ i dag kl. 14")
    'afbud fra mor, hun skal ikke m/ i dag kl. 0'
    >>> plain_spelling("Aftaler m/mor")
    'aftaler med mor'
    """
    return _CHUNK.sub(lambda match: _plain_piece(match.group()), text)


class WordFeatures(TransformerMixin, BaseEstimator):
    """TF-IDF of words, word pairs and of the character n-grams inside words, as a sum over words.

    What stands between white space is one piece. A piece has one vector: its words, the word pairs and
    the character n-grams inside it, each with its inverse document frequency. A sentence is the sum of
    its pieces and of the word pairs across their borders, divided by the root of the summed squared
    lengths of its pieces. So a linear model over sentences is a table with a row per piece, see
    :class:`~dagbog_nlp.coding.word_scores.WordScores`.

    Parameters
    ----------
    min_sentences
        Keep a feature that occurs in at least so many training sentences.
    min_groups
        Keep a feature that occurs in at least so many groups (cases). A model that is trained on
        real notes must not remember what only one family has; then use 5 or more.
    letters
        Shortest and longest character n-gram.
    word_weight
        How much words and pairs weigh against character n-grams.

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
        self,
        *,
        min_sentences: int = 2,
        min_groups: int = 1,
        letters: tuple[int, int] = (2, 5),
        word_weight: float = 3.0,
    ) -> None:
        self.min_sentences = min_sentences
        self.min_groups = min_groups
        self.letters = letters
        self.word_weight = word_weight

    def fit(self, X: Sequence[str], y: Any = None, groups: Any = None) -> Self:  # noqa: N803
        """Learn the vocabulary of `X` (n sentences), where `groups` (n,) names each sentence's case."""
        pieces = Pieces.of(X)
        plain = [_plain_piece(piece) for piece in pieces.vocabulary.types]
        analysed = [_WORD.findall(piece) for piece in plain]
        numbers, bounds = pieces.numbers.tolist(), pieces.bounds.tolist()
        pairs = [
            [
                f"{analysed[left][-1]} {analysed[right][0]}"
                for left, right in pairwise(numbers[start:end])
                if analysed[left] and analysed[right]
            ]
            for start, end in pairwise(bounds)
        ]
        columns = Vocabulary()
        inside = _counted([_with_pairs(words) for words in analysed], columns)
        across = _counted(pairs, columns)
        inside.resize(inside.shape[0], across.shape[1])
        counts = pieces.counts(len(analysed))
        self.words_, self.word_idf_ = self._kept(counts @ inside + across, columns.types, groups)
        columns = Vocabulary()
        by_type = _counted([_ngrams(piece, *self.letters) for piece in plain], columns)
        self.letters_, self.letter_idf_ = self._kept(counts @ by_type, columns.types, groups)
        self.__dict__.pop("_index", None)
        return self

    def transform(self, X: Sequence[str]) -> sparse.csr_array:  # noqa: N803
        """Weigh the features of n sentences, float32 [n, n_features]."""
        pieces = Pieces.of(X)
        by_type, first, last = self.analyse(pieces.vocabulary.types)
        counts = pieces.counts(by_type.shape[0])
        lengths = np.sqrt(counts @ squares(by_type))
        at, pair = self.pairs(pieces, first, last)
        bounds = np.searchsorted(at, pieces.bounds).astype(np.int32)
        across = (self.pair_weights[pair], self.pair_columns[pair], bounds)
        matrix = counts @ by_type + sparse.csr_array(across, shape=(len(pieces), by_type.shape[1]))
        matrix.data /= np.repeat(lengths, np.diff(matrix.indptr))
        return matrix

    def analyse(self, types: Sequence[str]) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
        """Return what is known of some pieces.

        Returns
        -------
        features
            float32 [n, n_features], weighted.
        first, last
            int64 [n]: the column of the piece's first and last word, -1 for none that is known.
        """
        index = self._lookup()
        find_word = index.words.get
        plain = [_plain_piece(piece) for piece in types]
        found: list[int] = []
        word_bounds, first, last = [0], [], []
        for piece in plain:
            words = _WORD.findall(piece)
            found += [column for column in map(find_word, _with_pairs(words)) if column is not None]
            word_bounds.append(len(found))
            first.append(find_word(words[0], -1) if words else -1)
            last.append(find_word(words[-1], -1) if words else -1)
        letters, bounds = index.letters.find(plain, *self.letters)
        columns = np.insert(letters + self.n_words, np.repeat(bounds[:-1], np.diff(word_bounds)), found)
        features = sparse.csr_array(
            (index.weights[columns], columns.astype(np.int32), (bounds + word_bounds).astype(np.int32)),
            shape=(len(plain), len(index.weights)),
        )
        return features, np.array(first, dtype=np.int64), np.array(last, dtype=np.int64)

    def pairs(self, pieces: Pieces, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the known word pairs across the borders of pieces.

        Parameters
        ----------
        pieces
            n sentences.
        first, last
            As from :meth:`analyse`, for all types of the vocabulary.

        Returns
        -------
        at, pair
            int [n_pairs]: which piece each pair begins in, rising, and its row in :attr:`pair_columns`.
        """
        left, right = last[pieces.numbers[:-1]], first[pieces.numbers[1:]]
        known = (left >= 0) & (right >= 0)
        ends = pieces.bounds[1:-1]
        known[ends[(ends > 0) & (ends < len(pieces.numbers))] - 1] = False
        at = np.flatnonzero(known)
        return self._lookup().pairs.find(at, left[at] * self.n_words + right[at])

    @property
    def pair_columns(self) -> np.ndarray:
        """The columns of the word pairs, int32 [n_pairs]."""
        return self._lookup().pairs.columns

    @property
    def pair_weights(self) -> np.ndarray:
        """What a word pair weighs, float32 [n_pairs]."""
        return self._lookup().weights[self.pair_columns]

    @property
    def n_words(self) -> int:
        """How many columns are words and word pairs; the rest are character n-grams."""
        return len(self.word_idf_)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the columns of :meth:`transform`, array of str [n_features]."""
        check_is_fitted(self)
        return np.array([*_lines(self.words_), *_lines(self.letters_)])

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_index"}

    def _lookup(self) -> _Index:
        check_is_fitted(self)
        if "_index" not in self.__dict__:
            words = _positions(self.words_)
            weights = np.concatenate([self.word_weight * self.word_idf_, self.letter_idf_]).astype(np.float32)
            self._index = _Index(words, LetterIndex(_lines(self.letters_)), weights, PairIndex(words))
        return self._index

    def _kept(self, counts: sparse.csr_array, names: Sequence[str], groups: Any) -> tuple[str, np.ndarray]:
        present = (counts > 0).astype(np.float32)
        sentences = present.sum(axis=0)
        keep = sentences >= self.min_sentences
        if self.min_groups > 1:
            if groups is None:
                raise ValueError("min_groups needs groups: pass the case of each sentence to fit")
            _, group = np.unique(np.asarray(groups), return_inverse=True)
            of_group = sparse.csr_array((np.ones(len(group), np.float32), (group, np.arange(len(group)))))
            keep &= ((of_group @ present) > 0).sum(axis=0) >= self.min_groups
        kept = sorted((names[column], column) for column in np.flatnonzero(keep).tolist())
        chosen = np.array([column for _, column in kept], dtype=np.intp)
        idf = np.log((1 + counts.shape[0]) / (1 + sentences[chosen])) + 1
        return "\n".join(name for name, _ in kept), idf.astype(np.float32)


@dataclass(frozen=True)
class _Index:
    words: dict[str, int]
    letters: LetterIndex
    weights: np.ndarray
    pairs: PairIndex


def squares(features: sparse.csr_array) -> np.ndarray:
    """Return the squared length of each row, float32 [n]."""
    return np.asarray(features.multiply(features).sum(axis=1), dtype=np.float32)


def _with_pairs(words: list[str]) -> list[str]:
    return words if len(words) < 2 else [*words, *map(" ".join, pairwise(words))]


def _ngrams(plain: str, shortest: int, longest: int) -> list[str]:
    grams = []
    for word in plain.split():
        edged = f" {word} "
        for length in range(shortest, min(longest, len(edged)) + 1):
            grams += [edged[at : at + length] for at in range(len(edged) - length + 1)]
    return grams


def _counted(found: Sequence[Sequence[str]], columns: Vocabulary) -> sparse.csr_array:
    bounds = np.cumsum([0, *map(len, found)], dtype=np.int32)
    numbers = columns.numbers(list(chain.from_iterable(found)))
    ones = np.ones(len(numbers), dtype=np.float32)
    return sparse.csr_array((ones, numbers, bounds), shape=(len(found), len(columns.types)))


def _lines(names: str) -> list[str]:
    return names.split("\n") if names else []


def _positions(names: str) -> dict[str, int]:
    return {name: position for position, name in enumerate(_lines(names))}
