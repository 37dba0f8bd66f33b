"""A linear model of words as tables: what each piece and each word pair speaks for, added up by sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dagbog_nlp.coding.features import WordFeatures, squares
from dagbog_nlp.coding.word_table import Pieces, PieceTable


class WordScores:
    """The log odds that a linear model over word features gives, by table.

    Parameters
    ----------
    features
        Fitted.
    coefficients
        float32 [n_codes, n_features].

    Examples
    --------
    >>> features = WordFeatures(min_sentences=1).fit(["Mor aflyser.", "Mor ringer."])
    >>> coefficients = np.ones((1, len(features.get_feature_names_out())), dtype=np.float32)
    >>> bool(np.allclose(
    ...     WordScores(features, coefficients).log_odds(Pieces.of(["Mor aflyser igen"])),
    ...     features.transform(["Mor aflyser igen"]) @ coefficients.T,
    ... ))
    True
    """

    def __init__(self, features: WordFeatures, coefficients: np.ndarray) -> None:
        self._features = features
        self._coefficients = np.ascontiguousarray(coefficients.T)
        self._of_pair = np.ascontiguousarray(
            self._coefficients[features.pair_columns] * features.pair_weights[:, None]
        )
        self._table = PieceTable(self._rows)

    def _rows(self, types: list[str]) -> tuple[np.ndarray, ...]:
        by_type, first, last = self._features.analyse(types)
        scores = by_type @ self._coefficients
        return np.hstack([scores, squares(by_type)[:, None]]).astype(np.float32), first, last

    def log_odds(self, pieces: Pieces) -> np.ndarray:
        """Return the log odds without the intercept, float32 [n_sentences, n_codes]."""
        rows, first, last = self._table.rows(pieces.vocabulary)
        summed = pieces.sum_rows(rows)
        at, pair = self._features.pairs(pieces, first, last)
        bounds = np.searchsorted(at, pieces.bounds).astype(np.int32)
        paired = Pieces(pieces.vocabulary, pair.astype(np.int32), bounds).sum_rows(self._of_pair)
        return (summed[:, :-1] + paired) / _length(summed[:, -1:])

    def shares(self, pieces: Pieces, codes: Sequence[int] | np.ndarray) -> np.ndarray:
        """Share the log odds among the pieces, exactly; a word pair's go to its words in halves.

        Parameters
        ----------
        pieces
            n sentences.
        codes
            int [n]: the column of the code to explain for each.

        Returns
        -------
        numpy.ndarray
            float32 [n_pieces].
        """
        rows, first, last = self._table.rows(pieces.vocabulary)
        code = np.repeat(np.asarray(codes, dtype=np.intp), np.diff(pieces.bounds))
        shares = rows[pieces.numbers, code]
        at, pair = self._features.pairs(pieces, first, last)
        halves = self._of_pair[pair, code[at]] / 2
        shares[at] += halves
        shares[at + 1] += halves
        lengths = _length(pieces.sum_rows(rows[:, -1:]))[:, 0]
        return shares / np.repeat(lengths, np.diff(pieces.bounds))


def _length(squared: np.ndarray) -> np.ndarray:
    return np.sqrt(np.where(squared > 0, squared, 1))
