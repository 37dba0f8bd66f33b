"""Intervals, exact tests, effect sizes and corrections for small numbers of cases."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

Floats = NDArray[np.float64]
_MOST_TABLES = 500_000
_DRAWS = 19_999


def round_half_up(numerators: ArrayLike, denominators: ArrayLike, *, decimals: int = 0) -> Floats:
    """Give percentages rounded half up, as Danish reports print them, computed in whole numbers.

    Examples
    --------
    >>> round_half_up([1, 20], [8, 51], decimals=0).tolist()
    [13.0, 39.0]
    """
    n = np.asarray(numerators, dtype=np.int64) * 100 * 10**decimals
    of = np.asarray(denominators, dtype=np.int64)
    rounded = (2 * n + of) // np.where(of > 0, 2 * of, 1)
    return np.where(of > 0, rounded / 10**decimals, np.nan)


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
        low = np.where((k == 0) & (n > 0), 0.0, middle - half)
        high = np.where((k == n) & (n > 0), 1.0, middle + half)
    return low, high


def newcombe_interval(
    successes_a: ArrayLike,
    totals_a: ArrayLike,
    successes_b: ArrayLike,
    totals_b: ArrayLike,
    *,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Give the interval of the difference of two independent shares, b less a.

    The hybrid score interval, method 10 of Newcombe 1998, "Interval estimation for the difference
    between independent proportions", Statistics in Medicine 17.

    Examples
    --------
    >>> low, high = newcombe_interval(48, 80, 56, 70)
    >>> print(round(float(low), 4), round(float(high), 4))
    0.0524 0.3339
    """
    share_a = np.asarray(successes_a, float) / np.asarray(totals_a, float)
    share_b = np.asarray(successes_b, float) / np.asarray(totals_b, float)
    low_a, high_a = wilson_interval(successes_a, totals_a, level=level)
    low_b, high_b = wilson_interval(successes_b, totals_b, level=level)
    difference = share_b - share_a
    low = difference - np.sqrt((share_b - low_b) ** 2 + (high_a - share_a) ** 2)
    high = difference + np.sqrt((high_b - share_b) ** 2 + (share_a - low_a) ** 2)
    return low, high


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values for being several (Holm 1979, Scandinavian Journal of Statistics 6).

    NaN stands for a test that could not be made and counts as none.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    made = np.flatnonzero(~np.isnan(p))
    order = made[np.argsort(p[made], kind="stable")]
    adjusted = np.full(p.shape, np.nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def exact_test(table: ArrayLike, *, seed: int = 0) -> tuple[float, str]:
    """Test whether rows and columns of a table of counts are independent, exactly.

    Fisher's test for any number of rows and columns (Freeman and Halton 1951, Biometrika 38): all
    tables with the same totals that are no more likely than the one seen. Where these are more than
    half a million the p-value is estimated from 19,999 random tables with the same totals.

    Parameters
    ----------
    table
        Counts, shape (rows, columns). Empty rows and columns say nothing and are left out.
    seed
        Of the random tables.

    Returns
    -------
    p : float
        NaN when there are fewer than two rows or columns.
    method : str
        ``"exact"`` or ``"simulated"``.

    Examples
    --------
    >>> p, method = exact_test([[3, 1], [1, 3]])
    >>> print(round(p, 4), method)
    0.4857 exact
    """
    counts = np.asarray(table, dtype=np.int64)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return float("nan"), "exact"
    return _exact_test(tuple(map(tuple, counts.tolist())), seed)


@lru_cache(maxsize=50_000)
def _exact_test(rows: tuple[tuple[int, ...], ...], seed: int) -> tuple[float, str]:
    counts = np.array(rows)
    if counts.shape == (2, 2):
        return float(stats.fisher_exact(counts)[1]), "exact"
    counts = counts if len(counts) <= counts.shape[1] else counts.T
    chances = _log_chances(counts.sum(axis=1), np.sort(counts.sum(axis=0)))
    seen = -special.gammaln(counts + 1).sum()
    if chances is not None:
        weights = np.exp(chances - chances.max())
        return float(weights[chances <= seen + 1e-7].sum() / weights.sum()), "exact"
    drawn = stats.random_table(counts.sum(axis=1), counts.sum(axis=0)).rvs(_DRAWS, random_state=seed)
    as_rare = -special.gammaln(drawn + 1).sum(axis=(1, 2)) <= seen + 1e-7
    return float((1 + as_rare.sum()) / (1 + _DRAWS)), "simulated"


def _log_chances(row_totals: np.ndarray, column_totals: np.ndarray) -> Floats | None:
    """Log probability, up to a constant, of every table with these totals; None when there are too many."""
    left = row_totals[None, :]
    chances = np.zeros(1)
    for total in column_totals[:-1]:
        if special.comb(total + len(row_totals) - 1, len(row_totals) - 1) * len(left) > 20 * _MOST_TABLES:
            return None
        column = _compositions(int(total), len(row_totals))
        fits = (column[None, :, :] <= left[:, None, :]).all(axis=2)
        state, choice = np.nonzero(fits)
        if len(state) > _MOST_TABLES:
            return None
        left = left[state] - column[choice]
        chances = chances[state] - special.gammaln(column + 1).sum(axis=1)[choice]
    return chances - special.gammaln(left + 1).sum(axis=1)


def _compositions(total: int, parts: int) -> np.ndarray:
    """All ways to share `total` among `parts`, shape (ways, parts)."""
    if parts == 1:
        return np.array([[total]])
    return np.concatenate(
        [
            np.column_stack([np.full(len(rest), first), rest])
            for first in range(total + 1)
            for rest in [_compositions(total - first, parts - 1)]
        ]
    )


def cramers_v(table: ArrayLike, *, level: float = 0.95) -> tuple[float, float, float]:
    """Give the strength of association in a table of counts, 0 to 1, and its interval.

    Cramér's V corrected for its bias in small samples (Bergsma 2013, Journal of the Korean
    Statistical Society 42); the interval inverts the noncentral chi-squared distribution (Smithson
    2003, *Confidence Intervals*) and is approximate in sparse tables.

    Returns
    -------
    v, low, high : float
        NaN when there are fewer than two rows or columns that are not empty.

    Examples
    --------
    >>> v, low, high = cramers_v([[30, 10], [10, 30]])
    >>> print(round(v, 2), round(low, 2), round(high, 2))
    0.49 0.28 0.72
    """
    counts = np.asarray(table, dtype=float)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    if min(counts.shape) < 2:
        return float("nan"), float("nan"), float("nan")
    n, (rows, columns) = counts.sum(), counts.shape
    chi2, _, df, _ = stats.chi2_contingency(counts, correction=False)
    corrected = max(0.0, chi2 / n - df / (n - 1))
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    v = float(np.sqrt(corrected / least)) if least > 0 else float("nan")
    scale = n * (min(rows, columns) - 1)
    low, high = (
        min(1.0, float(np.sqrt(_noncentrality(chi2, df, tail) / scale)))
        for tail in (0.5 + level / 2, 0.5 - level / 2)
    )
    return min(v, 1.0), low, high


def _noncentrality(chi2: float, df: int, probability: float) -> float:
    """The noncentrality that gives a chi-squared of at most `chi2` this probability; 0 if none does."""

    def excess(value: float) -> float:
        return float(stats.ncx2.cdf(chi2, df, value)) - probability

    if excess(0.0) <= 0:
        return 0.0
    return float(optimize.brentq(excess, 0.0, 10 * (chi2 + df) + 100))


def equal_shares_test(counts: ArrayLike, *, level: float = 0.95) -> tuple[float, float, float, float]:
    """Test whether the categories of one variable are equally common.

    Pearson's chi-squared test; the effect size is Cohen's w, with the interval from the noncentral
    chi-squared distribution (Smithson 2003).

    Returns
    -------
    p, w, low, high : float
        NaN when there is nothing counted.

    Examples
    --------
    >>> p, w, low, high = equal_shares_test([20, 14, 17])
    >>> print(round(p, 3), round(w, 2))
    0.589 0.14
    """
    seen = np.asarray(counts, dtype=float)
    n = seen.sum()
    if n == 0 or len(seen) < 2:
        return float("nan"), float("nan"), float("nan"), float("nan")
    chi2, p = stats.chisquare(seen)
    tails = (0.5 + level / 2, 0.5 - level / 2)
    low, high = (float(np.sqrt(_noncentrality(float(chi2), len(seen) - 1, tail) / n)) for tail in tails)
    return float(p), float(np.sqrt(chi2 / n)), low, high
