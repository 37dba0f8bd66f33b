"""One of the report's tables: counts and percentages by goal attainment, tests, words, and exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from dagbog_nlp.cases import rendering
from dagbog_nlp.cases.disclosure import Suppression, round_to_base, suppress, with_totals
from dagbog_nlp.cases.statistics import (
    cramers_v,
    equal_shares_test,
    exact_test,
    holm,
    round_half_up,
    wilson_interval,
)
from dagbog_nlp.cases.wording import Language, Words, words_for

Base = Literal["column", "row", "all"]
TEST_COLUMNS = ("test", "p", "p_adjusted", "effect", "value", "low", "high")


@dataclass(frozen=True)
class CrossTable:
    """A table of cases by some category and goal attainment.

    Attributes
    ----------
    counts : pandas.DataFrame
        Cases, Int64; the category as index, the goals as columns. Blank where suppressed.
    row_totals, column_totals : pandas.Series
        Cases of each category and of each goal.
    base : {"column", "row", "all"}
        What the percentages are a share of.
    overlapping : bool
        Whether a case may stand in several rows, so that rows do not add up to the column totals.
    test : pandas.DataFrame
        One row per test, columns :data:`TEST_COLUMNS`: an exact test of independence
        (:func:`dagbog_nlp.cases.statistics.exact_test`), its p-value adjusted by Holm's method when there
        are several, and the effect size with its 95 % interval.
    title : mapping
        Danish (``da``) and English (``en``) title.
    note : mapping
        What the cells hold.
    labels : mapping
        Words for rows and columns: value to ``{"da": ..., "en": ...}``.
    excluded : int
        Cases left out because goal attainment or the category is blank.
    limit : int or None
        The limit of suppression, once the table is protected.
    """

    counts: pd.DataFrame
    row_totals: pd.Series
    column_totals: pd.Series
    base: Base
    overlapping: bool
    test: pd.DataFrame
    title: Words
    note: Words
    labels: Mapping[str, Words]
    excluded: int = 0
    limit: int | None = None

    @property
    def of(self) -> pd.DataFrame:
        """What each count is a share of, shape of `counts`."""
        if self.base == "row":
            return pd.DataFrame(dict.fromkeys(self.counts.columns, self.row_totals), dtype="Int64")
        whole = self.column_totals.copy()
        if self.base == "all":
            whole[:] = self.column_totals.sum()
        return pd.DataFrame([whole] * len(self.counts), index=self.counts.index, dtype="Int64")

    @property
    def percent(self) -> pd.DataFrame:
        """Percentages in whole numbers, halves rounded up; blank where there is no base or count."""
        return percentages(self.counts, self.of)

    @property
    def low(self) -> pd.DataFrame:
        """Lower limits of the 95 % Wilson intervals of the percentages, as shares."""
        return self._limits(0)

    @property
    def high(self) -> pd.DataFrame:
        """Upper limits of the 95 % Wilson intervals of the percentages, as shares."""
        return self._limits(1)

    def _limits(self, which: int) -> pd.DataFrame:
        limits = wilson_interval(_floats(self.counts), _floats(self.of))[which]
        return pd.DataFrame(limits, index=self.counts.index, columns=self.counts.columns)

    def protected(self, *, limit: int = 5, spread: int = 2, round_to: int | None = None) -> CrossTable:
        """Give the table as it may leave the analyst's hands.

        Parameters
        ----------
        limit
            The smallest count that is shown; see :func:`dagbog_nlp.cases.disclosure.suppress`.
        spread
            How uncertain a hidden small count must stay.
        round_to
            Round all counts that are shown to a multiple of this too.

        Returns
        -------
        CrossTable
            Counts and totals are blank where hidden. Where anything is hidden, p-values are given as
            bands and effect sizes left out, as exact ones can be traced back to the counts.
        """
        if self.limit is not None:
            return self
        whole = _suppressed(self, limit, spread)
        counts = self.counts.where(whole[:-1, :-1])
        rows, columns = self.row_totals.where(whole[:-1, -1]), self.column_totals.where(whole[-1, :-1])
        if round_to is not None:
            counts = round_to_base(counts, round_to)
            rows = round_to_base(rows.to_frame(), round_to).iloc[:, 0]
            columns = round_to_base(columns.to_frame(), round_to).iloc[:, 0]
        test = self.test
        if round_to is not None or not whole.all():
            test = test.assign(value=np.nan, low=np.nan, high=np.nan)
            test = test.assign(p=_banded(test["p"]), p_adjusted=_banded(test["p_adjusted"]))
        return replace(self, counts=counts, row_totals=rows, column_totals=columns, test=test, limit=limit)

    def to_frame(
        self,
        language: Language = "da",
        *,
        total: bool = True,
        intervals: bool = False,
    ) -> pd.DataFrame:
        """Give the table as it is printed: ``18 (90%)`` in each cell, with words for rows and columns.

        Parameters
        ----------
        language
            ``da`` or ``en``.
        total
            Add the totals.
        intervals
            Write the interval of the percentage too: ``18 (90% [70-97])``.
        """
        return rendering.printed(self, language, total=total, intervals=intervals)

    def notes(self, language: Language) -> list[str]:
        """Give the sentences under the table: what it holds, the test, what is hidden and left out."""
        return rendering.footnotes(self, language)

    def to_html(
        self,
        path: str | Path | None = None,
        *,
        language: Language = "da",
        protect: bool = True,
        limit: int = 5,
    ) -> str:
        """Give the table as HTML, by great-tables where it is installed; written to `path` when given.

        It is protected (:meth:`protected`) unless `protect` is False.
        """
        return rendering.to_html(self.protected(limit=limit) if protect else self, path, language)

    def to_png(
        self, path: str | Path, *, language: Language = "da", protect: bool = True, limit: int = 5
    ) -> None:
        """Write the table as a picture, protected unless `protect` is False."""
        rendering.to_png(self.protected(limit=limit) if protect else self, path, language)

    def to_csv(
        self, path: str | Path, *, language: Language = "da", protect: bool = True, limit: int = 5
    ) -> None:
        """Write the printed table as UTF-8 csv with semicolons, protected unless `protect` is False."""
        rendering.to_csv(self.protected(limit=limit) if protect else self, path, language)

    def _repr_html_(self) -> str:
        return rendering.plain_html(self, "da")


def make_table(
    counts: pd.DataFrame,
    *,
    key: str,
    base: Base = "column",
    column_totals: pd.Series | None = None,
    labels: Mapping[str, Words] | None = None,
    excluded: int = 0,
    seed: int = 0,
) -> CrossTable:
    """Put a table together from its counts, with the tests that fit it.

    Parameters
    ----------
    counts
        The category as index, the goals as columns.
    key
        Names the title and note in the library's word list.
    base
        What the percentages are a share of.
    column_totals
        Cases of each goal, when a case may stand in several rows; then each row is tested on its own.
    labels
        Further words for rows.
    excluded
        Cases left out.
    seed
        Of simulated p-values.
    """
    counts = counts.astype("Int64")
    overlapping = column_totals is not None
    columns = counts.sum() if column_totals is None else column_totals.astype("Int64")
    words = words_for(key)
    return CrossTable(
        counts=counts,
        row_totals=counts.sum(axis=1).astype("Int64"),
        column_totals=columns.reindex(counts.columns).astype("Int64"),
        base=base,
        overlapping=overlapping,
        test=_tests(_ints(counts), _ints(columns) if overlapping else None, list(counts.index), seed),
        title=words["title"],
        note=words["note"],
        labels={**words_for("values"), **(labels or {})},
        excluded=excluded,
    )


def percentages(counts: pd.DataFrame, of: pd.DataFrame) -> pd.DataFrame:
    """Give percentages in whole numbers, Int64, halves rounded up; blank where either is, or `of` is 0."""
    known = (counts.notna() & of.notna() & (of > 0)).to_numpy(dtype=bool)
    rounded = round_half_up(_ints(counts), _ints(of))
    frame = pd.DataFrame(np.where(known, rounded, 0), index=counts.index, columns=counts.columns)
    return frame.astype("Int64").where(known)


def _tests(counts: np.ndarray, column_totals: np.ndarray | None, rows: list[str], seed: int) -> pd.DataFrame:
    found: list[tuple[object, ...]]
    if column_totals is not None:
        pairs = [np.array([row, column_totals - row]) for row in counts]
        found = [(*exact_test(pair, seed=seed)[::-1], "cramers_v", *cramers_v(pair)) for pair in pairs]
        names = rows
    elif len(counts) == 1:
        p, *effect = equal_shares_test(counts[0])
        found, names = [("chi2", p, "cohens_w", *effect)], ["all"]
    else:
        p, method = exact_test(counts, seed=seed)
        found, names = [(method, p, "cramers_v", *cramers_v(counts))], ["all"]
    table = pd.DataFrame(found, columns=["test", "p", "effect", "value", "low", "high"], index=names)
    table["p_adjusted"] = holm(table["p"])
    return table[list(TEST_COLUMNS)]


def _suppressed(table: CrossTable, limit: int, spread: int) -> np.ndarray:
    """Which cells, totals included, may be shown; shape (rows + 1, columns + 1)."""
    counts = _ints(table.counts)
    if not table.overlapping:
        return suppress(counts, limit=limit, spread=spread).shown
    of = _ints(table.column_totals)
    shown = np.ones(with_totals(counts).shape, bool)
    shown[-1] = suppress(of[None, :], limit=limit, spread=spread).shown[0]
    ordered = sorted(range(len(counts)), key=lambda row: str(table.counts.index[row]))
    for row in ordered:
        hide = np.tile(~shown[-1, :-1] | _hidden_kin(table.counts.index, shown, row), (2, 1))
        kept: Suppression = suppress(
            np.array([counts[row], of - counts[row]]), limit=limit, spread=spread, hide=hide
        )
        shown[row, :-1] = kept.shown[:2, :-1].all(axis=0)
        shown[row, -1] = kept.shown[:2, -1].all()
        shown[-1] &= kept.shown[-1]
    return shown


def _hidden_kin(index: pd.Index, shown: np.ndarray, row: int) -> np.ndarray:
    """Columns in which a parent of this row's code is hidden: its subcodes would narrow it down."""
    parents = [other for other, name in enumerate(index) if str(index[row]).startswith(f"{name}/")]
    return np.asarray(~shown[parents, :-1].all(axis=0))


def _banded(p: pd.Series) -> pd.Series:
    """Give the upper end of the band that a p-value lies in: .001, .01, .05 or 1."""
    bands = np.array([0.001, 0.01, 0.05, 1.0])
    values = p.to_numpy(dtype=float)
    placed = bands[np.minimum(np.searchsorted(bands, np.nan_to_num(values)), 3)]
    return pd.Series(np.where(np.isnan(values), np.nan, placed), index=p.index)


def _ints(table: pd.DataFrame | pd.Series) -> np.ndarray:
    return table.fillna(0).to_numpy(dtype=np.int64)


def _floats(table: pd.DataFrame) -> np.ndarray:
    return table.to_numpy(dtype=float, na_value=np.nan)
