"""Disclosure control: hide small counts, and as many others as it takes that totals do not give them back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from dagbog_nlp.errors import InputError


@dataclass(frozen=True)
class Suppression:
    """A table of counts with its totals, and which of the cells may be shown.

    Attributes
    ----------
    counts : ndarray of int64, shape (rows + 1, columns + 1)
        The last row and column are the totals.
    shown : ndarray of bool, same shape
    """

    counts: np.ndarray
    shown: np.ndarray

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the least and the most that each cell can be, for a reader who sees only the shown cells.

        Returns
        -------
        low, high : ndarray of float64, shape of `counts`
            Equal to the count where the cell is shown.
        """
        return feasible_bounds(self.counts, self.shown)


def suppress(
    counts: pd.DataFrame | np.ndarray, *, limit: int = 5, spread: int = 2, hide: np.ndarray | None = None
) -> Suppression:
    """Choose which cells of a table to hide so that no small count can be worked out.

    Counts of 1 to `limit` - 1 are hidden, totals among them. Then, as long as the least and the most a
    hidden small count can be (by linear programming over all that is shown) lie closer than `spread`,
    the smallest shown cell of its row or column is hidden too, totals last; what proves needless in the end
    is shown again.

    Parameters
    ----------
    counts
        Counts without totals, shape (rows, columns); rows and columns add up.
    limit
        The smallest count that may be shown; zero may be shown too.
    spread
        How far apart the least and most feasible values of a small count must be, at least 1.
    hide
        Cells to hide in any case, shape of `counts`.

    Returns
    -------
    Suppression

    Raises
    ------
    InputError
        When a count is negative or `spread` is less than 1.

    Notes
    -----
    The protection holds for one table. A reader who also has another table of the same cases, cut another
    way, may combine them: hand out few tables, with the same limit. Cell suppression is described in
    Hundepool et al. 2012, *Statistical Disclosure Control*, chapter 4.

    Examples
    --------
    >>> kept = suppress(np.array([[6, 5, 7], [4, 8, 7], [10, 1, 3]]))
    >>> kept.shown[:3, :3].tolist()
    [[True, True, True], [False, False, False], [False, False, False]]
    """
    inner = np.asarray(counts, dtype=np.int64)
    if (inner < 0).any() or spread < 1:
        raise InputError("a count is negative, or the spread is less than 1", fix="pass counts of cases")
    full = with_totals(inner)
    small = (full > 0) & (full < limit)
    shown = ~small
    if hide is not None:
        shown[:-1, :-1] &= ~hide
    must_hide = ~shown
    while shown.any() and len(at_risk := _at_risk(full, shown, small, spread)):
        shown[_next_to_hide(full, shown, at_risk)] = False
    for cell in sorted(np.argwhere(~shown & ~must_hide).tolist(), key=lambda cell: -full[tuple(cell)]):
        shown[tuple(cell)] = True
        if len(_at_risk(full, shown, small, spread)):
            shown[tuple(cell)] = False
    return Suppression(full, shown)


def _at_risk(full: np.ndarray, shown: np.ndarray, small: np.ndarray, spread: int) -> np.ndarray:
    """Places of the small counts that what is shown narrows down too far."""
    low, high = feasible_bounds(full, shown, small)
    return np.argwhere(small & (high - low < spread))


def with_totals(inner: np.ndarray) -> np.ndarray:
    """Add a row and a column of totals."""
    with_column = np.column_stack([inner, inner.sum(axis=1)])
    return np.vstack([with_column, with_column.sum(axis=0)])


def feasible_bounds(
    full: np.ndarray, shown: np.ndarray, wanted: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Give the least and the most that every cell can be, given the shown ones and that all add up.

    Parameters
    ----------
    full
        Counts with totals, shape (rows + 1, columns + 1).
    shown
        Which cells are known.
    wanted
        Which hidden cells to bound; all by default. The others keep their count.

    Returns
    -------
    low, high : ndarray of float64
        ``inf`` where nothing bounds the cell from above.
    """
    rows, columns = full.shape
    place = np.arange(full.size).reshape(full.shape)
    adds_up = np.zeros((rows + columns, full.size))
    for row in range(rows):
        adds_up[row, place[row]] = [1] * (columns - 1) + [-1]
    for column in range(columns):
        adds_up[rows + column, place[:, column]] = [1] * (rows - 1) + [-1]
    hidden = np.flatnonzero(~shown)
    low, high = full.astype(float), full.astype(float)
    known = np.where(shown, full, 0).ravel()
    for cell in hidden if wanted is None else np.flatnonzero(~shown & wanted):
        aim = (hidden == cell).astype(float)
        for sign, bound in ((1, low), (-1, high)):
            found = linprog(sign * aim, A_eq=adds_up[:, hidden], b_eq=-adds_up @ known, bounds=(0, None))
            bound.flat[cell] = round(sign * found.fun) if found.status == 0 else sign * -np.inf
    return np.maximum(low, 0), high


def _next_to_hide(full: np.ndarray, shown: np.ndarray, at_risk: np.ndarray) -> tuple[int, int]:
    """Pick the smallest shown cell beside one that can be worked out; totals last."""
    row, column = at_risk[0]
    beside = np.zeros(full.shape, bool)
    beside[row], beside[:, column] = True, True
    candidates = np.argwhere(shown & beside)
    if len(candidates) == 0:
        candidates = np.argwhere(shown)
    last_row, last_column = full.shape[0] - 1, full.shape[1] - 1

    def cost(cell: np.ndarray) -> tuple[int, bool, int, int, int]:
        i, j = int(cell[0]), int(cell[1])
        return (int(i == last_row) + int(j == last_column), full[i, j] == 0, int(full[i, j]), i, j)

    best = min(candidates, key=cost)
    return int(best[0]), int(best[1])


def round_to_base(counts: pd.DataFrame, base: int) -> pd.DataFrame:
    """Round counts to the nearest multiple of `base`, halves up; blank stays blank.

    Examples
    --------
    >>> round_to_base(pd.DataFrame({"i mål": [6, 8]}), 5)["i mål"].tolist()
    [5, 10]
    """
    return ((counts * 2 + base) // (2 * base) * base).astype("Int64")
