"""Permutation tests and bootstrap intervals with the case as the unit that is drawn."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from dagbog_nlp.cases.statistics import Floats


def permute_difference(
    a: ArrayLike, b: ArrayLike, *, paired: bool = False, draws: int = 4999, seed: int = 0
) -> Floats:
    """Test by permutation whether two groups of cases differ in the mean of each column.

    Parameters
    ----------
    a, b
        One row per case, shape (cases, columns).
    paired
        Row i of both is the same case: then the signs of the differences are permuted, not the groups.
    draws, seed
        Random permutations, and where they start.

    Returns
    -------
    p : ndarray of float64, shape (columns,)
        Two-sided; the order seen counts as one of the permutations.

    Examples
    --------
    >>> p = permute_difference([[0], [0], [0], [1]], [[9], [9], [8], [9]], seed=1)
    >>> bool(p[0] < 0.05)
    True
    """
    left, right = np.asarray(a, float), np.asarray(b, float)
    rng = np.random.default_rng(seed)
    if paired:
        pooled = right - left
        weights = rng.choice([-1.0, 1.0], (draws, len(pooled))) / len(pooled)
        seen = pooled.mean(axis=0)
    else:
        pooled = np.concatenate([left, right])
        signs = np.r_[np.full(len(left), -1 / len(left)), np.full(len(right), 1 / len(right))]
        weights = rng.permuted(np.tile(signs, (draws, 1)), axis=1)
        seen = right.mean(axis=0) - left.mean(axis=0)
    as_far = np.abs(weights @ pooled) >= np.abs(seen) - 1e-12
    return (1 + as_far.sum(axis=0)) / (1 + draws)


def resampling_weights(cases: int, draws: int, seed: int) -> Floats:
    """Give bootstrap weights: how often each case is drawn, shape (draws, cases); rows sum to `cases`.

    One set of weights serves all figures of a table, so that they vary together as the cases do.
    """
    return np.random.default_rng(seed).multinomial(cases, np.full(cases, 1 / cases), draws).astype(float)


def bootstrap_difference(
    a: ArrayLike, b: ArrayLike, *, paired: bool = False, level: float = 0.95, draws: int = 1999, seed: int = 0
) -> tuple[Floats, Floats]:
    """Give the percentile interval of the difference in means, b less a, drawing whole cases.

    Parameters
    ----------
    a, b
        One row per case, shape (cases, columns).
    paired
        Row i of both is the same case.
    level
        Confidence level.
    draws, seed
        Bootstrap samples, and where they start.

    Returns
    -------
    low, high : ndarray of float64, shape (columns,)
    """
    left, right = np.asarray(a, float), np.asarray(b, float)
    if paired:
        drawn = resampling_weights(len(left), draws, seed) @ (right - left) / len(left)
    else:
        drawn = resampling_weights(len(right), draws, seed) @ right / len(right)
        drawn -= resampling_weights(len(left), draws, seed + 1) @ left / len(left)
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high
