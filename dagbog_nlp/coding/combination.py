"""Combine the views of several models into one calibrated probability per code, and decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit


def with_subcodes(logits: np.ndarray, codes: Sequence[str]) -> np.ndarray:
    """Put beside each code's log odds those of its strongest subcode, zero where it has none.

    Parameters
    ----------
    logits
        float [n, n_views, n_codes].

    Returns
    -------
    numpy.ndarray
        float [n, 2 * n_views, n_codes].

    Examples
    --------
    >>> with_subcodes(np.array([[[1.0, 2.0, 3.0]]]), ["a", "a/b", "a/c"]).tolist()
    [[[1.0, 2.0, 3.0], [3.0, 0.0, 0.0]]]
    """
    strongest = np.zeros_like(logits)
    for column, code in enumerate(codes):
        below = [other for other, path in enumerate(codes) if path.startswith(f"{code}/")]
        if below:
            strongest[:, :, column] = logits[:, :, below].max(axis=2)
    return np.concatenate([logits, strongest], axis=1)


@dataclass(frozen=True)
class Combination:
    """A logistic combination of several models' log odds, one per code, with decision thresholds.

    Stacking with out-of-fold log odds (Wolpert 1992) of which Platt scaling is the case of one view. A
    parent also hears its subcodes: the strongest of them speaks for it beside its own log odds.

    Attributes
    ----------
    codes, views
        Names of the columns and of the models combined.
    weights
        float [n_codes, 2 * n_views]: of the code's own log odds by each view, then of its strongest
        subcode's by each view.
    bias, thresholds
        float [n_codes]; a code is given from its threshold upwards.
    precision, recall
        float [n_codes]: the known error, by cross-validation; None where it was not measured.

    Examples
    --------
    >>> both = Combination(("a", "a/b"), ("words",), np.ones((2, 2)), np.zeros(2), np.full(2, 0.5))
    >>> both.decide(np.array([[0.4, 0.9], [0.6, 0.9]])).tolist()
    [[False, False], [True, True]]
    """

    codes: tuple[str, ...]
    views: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray
    thresholds: np.ndarray
    precision: np.ndarray | None = None
    recall: np.ndarray | None = None

    def log_odds(self, logits: np.ndarray) -> np.ndarray:
        """Combine logits [n, n_views, n_codes] into log odds [n, n_codes]."""
        return np.einsum("nvc,cv->nc", with_subcodes(logits, self.codes), self.weights) + self.bias

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities [n, n_codes] of logits [n, n_views, n_codes]."""
        return expit(self.log_odds(logits))

    def decide(self, probabilities: np.ndarray) -> np.ndarray:
        """Decide, bool [n, n_codes]: a subcode is given only where its parent is."""
        decided = probabilities >= self.thresholds
        position = {code: index for index, code in enumerate(self.codes)}
        for code, column in position.items():
            parent = code.rpartition("/")[0]
            if parent in position:
                decided[:, column] &= decided[:, position[parent]]
        return decided

    def to_dict(self) -> dict[str, Any]:
        """Return plain lists, for a model file."""
        return {
            "codes": list(self.codes),
            "views": list(self.views),
            "weights": self.weights.tolist(),
            "bias": self.bias.tolist(),
            "thresholds": self.thresholds.tolist(),
            "precision": None if self.precision is None else self.precision.tolist(),
            "recall": None if self.recall is None else self.recall.tolist(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what :meth:`to_dict` wrote."""
        return cls(
            tuple(data["codes"]),
            tuple(data["views"]),
            np.asarray(data["weights"], dtype=float),
            np.asarray(data["bias"], dtype=float),
            np.asarray(data["thresholds"], dtype=float),
            None if data["precision"] is None else np.asarray(data["precision"], dtype=float),
            None if data["recall"] is None else np.asarray(data["recall"], dtype=float),
        )
