"""Intervals and exact tests for small numbers of cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def wilson_interval(successes: ArrayLike, totals: ArrayLike, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Give the Wilson score interval of a share.

    It keeps its coverage at the five to ten notes a case has, where the textbook interval does not,
    and never leaves 0 to 1 (Wilson 1927; Brown, Cai and DasGupta 2001, "Interval estimation for a
    binomial proportion", Statistical Science 16).

    Parameters
    ----------
    successes, totals
        Counts of any one shape.
    level
        Confidence level, between 0 and 1.

    Returns
    -------
    low, high : ndarray of float64
        Limits as shares; NaN where the total is 0.

    Examples
    --------
    >>> low, high = wilson_interval(18, 20)
    >>> print(round(float(low), 3), round(float(high), 3))
    0.699 0.972
    """
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(totals, float))
    z = float(stats.norm.ppf(0.5 + level / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)
