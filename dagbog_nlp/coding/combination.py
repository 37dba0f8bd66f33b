"""Combine the views of several models into one calibrated probability per code, and decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from scipy.special import expit


@dataclass(frozen=True)
class Combination:
    """A logistic combination of several models' log odds, one per code, with decision thresholds.

    Stacking with out-of-fold log odds (Wolpert 1992) of which Platt scaling is the case of one view.

    Attributes
    ----------
    codes, views
        Names of the columns and of the models combined.
    weights
        float [n_codes, n_views].
    bias, thresholds
        float [n_codes]; a code is given from its threshold upwards.

    Examples
    --------
    >>> both = Combination(("a", "a/b"), ("words",), np.ones((2, 1)), np.zeros(2), np.full(2, 0.5))
    >>> both.decide(np.array([[0.4, 0.9], [0.6, 0.9]])).tolist()
    [[False, False], [True, True]]
    """

    codes: tuple[str, ...]
    views: tuple[str, ...]
    weights: np.ndarray
    bias: np.ndarray
    thresholds: np.ndarray

    def log_odds(self, logits: np.ndarray) -> np.ndarray:
        """Combine logits [n, n_views, n_codes] into log odds [n, n_codes]."""
        return np.einsum("nvc,cv->nc", logits, self.weights) + self.bias

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
        )
