"""Table 5 of the report: reflective adjustment, goal attainment and severity in four cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dagbog_nlp.cases.cross_table import CrossTable, make_table
from dagbog_nlp.cases.crosstabs import assessed
from dagbog_nlp.cases.disclosure import round_to_base, suppress
from dagbog_nlp.cases.rendering import cell
from dagbog_nlp.cases.sequences import ADJUSTMENT, DOUBT
from dagbog_nlp.cases.statistics import wilson_interval
from dagbog_nlp.cases.wording import Language, p_value, phrase, words_for
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import GOALS, SEVERITIES

CELLS = ("A", "B", "C", "D", "unplaced")


@dataclass(frozen=True)
class ReflectionTable(CrossTable):
    """A :class:`CrossTable` of reflective adjustment by goal attainment, with the cells of the report.

    Attributes
    ----------
    cells : pandas.Series
        Cases, Int64: ``A`` reflective and in goal, ``B`` in goal without and light, ``C`` reflective, not in
        goal and severe, ``D`` neither, ``unplaced`` the others.
    fit : pandas.Series
        How well the expected pattern (cells A to D) fits: ``placed``, ``of``, ``share`` with a Wilson
        interval ``low`` to ``high``, ``by_chance`` (placed on average when the reflective marks are dealt out
        anew among the cases) and ``p``, the probability of as many by chance.
    """

    cells: pd.Series = None
    fit: pd.Series = None

    def protected(self, *, limit: int = 5, spread: int = 2, round_to: int | None = None) -> ReflectionTable:
        """Give the table as it may leave the analyst's hands: the cells A to D only, small ones hidden."""
        if self.limit is not None:
            return self
        table = super().protected(limit=limit, spread=spread, round_to=round_to)
        shown = suppress(self.cells.to_numpy(dtype=np.int64)[None, :], limit=limit, spread=spread).shown[
            0, :-1
        ]
        cells = self.cells.where(shown)
        if round_to is not None:
            cells = round_to_base(cells.to_frame(), round_to).iloc[:, 0]
        changed = round_to is not None or not shown.all() or bool(table.counts.isna().any(axis=None))
        test = table.test.assign(value=np.nan, low=np.nan, high=np.nan) if changed else table.test
        nothing = table.counts.where(np.zeros(table.counts.shape, bool))
        return replace(
            self,
            counts=nothing if changed else self.counts,
            row_totals=nothing.iloc[:, 0] if changed else self.row_totals,
            column_totals=table.column_totals,
            test=test,
            limit=limit,
            cells=cells,
            fit=self.fit.where(self.fit.index == "of") if changed else self.fit,
        )

    def to_frame(
        self, language: Language = "da", *, total: bool = True, intervals: bool = False
    ) -> pd.DataFrame:
        """Give the cells A to D and the unplaced as they are printed, with their share of all cases."""
        known = bool(self.cells.notna().all())
        whole = self.cells.sum() if known else pd.NA
        of = [whole] * len(CELLS)
        limits = wilson_interval(
            self.cells.to_numpy(dtype=float, na_value=np.nan), float(whole) if known else np.nan
        )
        printed = [
            cell(count, base, (limits[0][i], limits[1][i]) if intervals else None)
            for i, (count, base) in enumerate(zip(self.cells, of, strict=True))
        ]
        words = words_for("cells")
        index = [name if name != "unplaced" else "" for name in CELLS]
        frame = pd.DataFrame(
            {
                phrase("group", language): [words[name][language] for name in CELLS],
                phrase("cases", language): printed,
            },
            index=pd.Index(index, name=phrase("cell", language)),
        )
        if total:
            frame.loc[phrase("total", language)] = ["", cell(whole, whole)]
        return frame

    def notes(self, language: Language) -> list[str]:
        """Give what the table holds and how well the pattern fits."""
        lines = super().notes(language)
        if pd.notna(self.fit["placed"]):
            values = {name: self.fit[name] for name in ("placed", "of", "by_chance")}
            lines.append(phrase("fit", language, p=p_value(self.fit["p"], language), **values))
        return lines


def reflection_table(
    profiles: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    doubt: str = DOUBT,
    adjustment: str = ADJUSTMENT,
    draws: int = 4999,
    seed: int = 0,
) -> ReflectionTable:
    """Place the cases by reflective adjustment, goal attainment and severity (table 5).

    A case is reflective as its profile says (``reflective``, from
    :func:`dagbog_nlp.cases.sequences.reflective_adjustment`); where the profiles lack that column, as
    `cases` says; where that lacks it too, when the first doubt is dated no later than the last adjustment.

    Parameters
    ----------
    profiles
        As :func:`dagbog_nlp.cases.profiles.profile_cases` gives them.
    cases
        Needs ``case_id, goal_attainment, severity``.
    doubt, adjustment
        Code paths, for profiles without ``reflective``.
    draws, seed
        Of the chance baseline of the pattern.

    Returns
    -------
    ReflectionTable

    Raises
    ------
    InputError
        When a column is missing.

    Examples
    --------
    >>> profiles = pd.DataFrame({"case_id": ["A", "B"], "code": "kode", "reflective": [True, False]})
    >>> cases = pd.DataFrame({"case_id": ["A", "B"], "goal_attainment": ["i mål", "ikke i mål"],
    ...                       "severity": ["svær", "let"]})
    >>> reflection_table(profiles, cases, draws=99).cells.to_dict()
    {'A': 1, 'B': 0, 'C': 0, 'D': 1, 'unplaced': 0}
    """
    known, excluded = assessed(cases, "severity")
    marks = known["case_id"].map(reflective_cases(profiles, cases, doubt=doubt, adjustment=adjustment))
    reflective = marks.fillna(value=False).astype(bool).to_numpy()
    in_goal = (known["goal_attainment"] == GOALS[0]).to_numpy()
    severity = known["severity"]
    light, severe = (severity == SEVERITIES[0]).to_numpy(), (severity == SEVERITIES[-1]).to_numpy()
    placed = _placed(reflective, in_goal, light, severe)
    counts = pd.Series(placed).value_counts().reindex(list(CELLS), fill_value=0).astype("Int64")
    by_goal = pd.crosstab(reflective, known["goal_attainment"].to_numpy())
    by_goal = by_goal.reindex(index=[True, False], columns=list(GOALS), fill_value=0)
    by_goal.index = pd.Index(["reflekteret", "ikke reflekteret"])
    table = make_table(by_goal.rename_axis(columns=None), key="reflection", excluded=excluded)
    rng = np.random.default_rng(seed)
    dealt = rng.permuted(np.tile(reflective, (draws, 1)), axis=1)
    by_chance = _fits(dealt, in_goal, light, severe).sum(axis=1)
    n, fitting = len(known), int(_fits(reflective, in_goal, light, severe).sum())
    low, high = wilson_interval(fitting, n)
    fit = pd.Series(
        {
            "placed": fitting,
            "of": n,
            "share": fitting / n,
            "low": float(low),
            "high": float(high),
            "by_chance": by_chance.mean(),
            "p": (1 + (by_chance >= fitting).sum()) / (1 + draws),
        }
    )
    return ReflectionTable(**vars(table), cells=counts.rename("cases"), fit=fit)


def reflective_cases(
    profiles: pd.DataFrame,
    cases: pd.DataFrame | None = None,
    *,
    doubt: str = DOUBT,
    adjustment: str = ADJUSTMENT,
) -> pd.Series:
    """Say which cases are reflective, from the profiles, or else the cases, or else the profiles' dates.

    Returns
    -------
    pandas.Series
        Boolean, indexed by ``case_id``.

    Examples
    --------
    >>> profiles = pd.DataFrame({"case_id": ["A", "A", "B", "B"], "code": [DOUBT, ADJUSTMENT] * 2,
    ...     "first_date": pd.to_datetime(["2019-01-10", "2019-02-01", "2019-05-01", "2019-03-01"])})
    >>> profiles["last_date"] = profiles["first_date"]
    >>> reflective_cases(profiles).to_dict()
    {'A': True, 'B': False}
    """
    if "reflective" in profiles:
        return profiles.dropna(subset="reflective").groupby("case_id")["reflective"].first()
    if cases is not None and "reflective" in cases:
        return cases.dropna(subset="reflective").set_index("case_id")["reflective"]
    if not {"first_date", "last_date"} <= set(profiles.columns):
        raise InputError("neither profiles nor cases say which cases are reflective", fix="use profile_cases")
    dates = profiles.drop_duplicates(["case_id", "code"]).pivot(index="case_id", columns="code")
    if doubt not in dates["first_date"] or adjustment not in dates["last_date"]:
        return pd.Series(False, index=dates.index)
    return dates["first_date"][doubt] <= dates["last_date"][adjustment]


def _fits(reflective: np.ndarray, in_goal: np.ndarray, light: np.ndarray, severe: np.ndarray) -> np.ndarray:
    return (reflective & (in_goal | severe)) | (~reflective & (~in_goal | light))


def _placed(reflective: np.ndarray, in_goal: np.ndarray, light: np.ndarray, severe: np.ndarray) -> np.ndarray:
    conditions = [
        reflective & in_goal,
        ~reflective & in_goal & light,
        reflective & ~in_goal & severe,
        ~reflective & ~in_goal,
    ]
    return np.select(conditions, CELLS[:4], default=CELLS[4])
