"""Compare two groups of cases: two years, two centres, before and after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from dagbog_nlp.cases.resampling import bootstrap_difference, permute_difference
from dagbog_nlp.cases.statistics import exact_test, holm, newcombe_interval
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import GOALS, SEVERITIES

_DAYS = "days_enrolled"


def compare(
    profiles_a: pd.DataFrame,
    profiles_b: pd.DataFrame,
    *,
    codes: Sequence[str] | None = None,
    paired: bool = False,
    level: float = 0.95,
    draws: int = 4999,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare how common each code is in two groups of cases.

    Two questions are asked of each code: in how many cases it occurs at all, and in how large a share of a
    case's notes it occurs on average. The second is not swayed by cases having more notes in one group.

    Parameters
    ----------
    profiles_a, profiles_b
        Profiles of the two groups, as :func:`dagbog_nlp.cases.profiles.profile_cases` gives them.
    codes
        The codes to compare; by default all in either.
    paired
        The same cases before and after: rows are matched by ``case_id``.
    level
        Confidence level of the intervals.
    draws, seed
        Of permutations and bootstrap samples.

    Returns
    -------
    pandas.DataFrame
        Indexed by code. Of cases with the code: ``cases_a, of_a, cases_b, of_b, share_a, share_b``, the
        ``difference`` b less a with its interval ``low, high`` (Newcombe's; by bootstrap when paired),
        ``p`` (Fisher's exact test; McNemar's exact test when paired) and ``p_adjusted`` (Holm's, over the
        codes). Of the share of notes: ``notes_a, notes_b``, ``notes_difference``, ``notes_low, notes_high``
        (bootstrap by case), ``notes_p`` (permutation of cases) and ``notes_p_adjusted``.

    Raises
    ------
    InputError
        When a group has no case with notes, or paired groups share no case.

    Examples
    --------
    >>> def year(shares):
    ...     return pd.DataFrame({"case_id": [f"S{i}" for i in range(len(shares))], "code": "tvivl",
    ...                          "sentences": [int(share > 0) for share in shares], "share": shares})
    >>> found = compare(year([0.0] * 9 + [0.2]), year([0.4] * 8 + [0.0] * 2))
    >>> found[["cases_a", "cases_b", "difference", "p"]].round(3)
           cases_a  cases_b  difference      p
    tvivl        1        8         0.7  0.005
    """
    a, b = (_by_case(profiles) for profiles in (profiles_a, profiles_b))
    if paired:
        both = a["share"].index.intersection(b["share"].index)
        a, b = ({name: table.loc[both] for name, table in side.items()} for side in (a, b))
    if a["share"].empty or b["share"].empty:
        raise InputError("a group has no cases with notes to compare", fix="check the case_id of both groups")
    found = a["share"].columns.union(b["share"].columns, sort=False) if codes is None else pd.Index(codes)
    occurs = [side["sentences"].reindex(columns=found, fill_value=0).gt(0) for side in (a, b)]
    shares = [side["share"].reindex(columns=found, fill_value=0.0) for side in (a, b)]
    out = _shares(*occurs, paired=paired, level=level, seed=seed)
    left, right = (side.to_numpy(dtype=float) for side in shares)
    out["notes_a"], out["notes_b"] = left.mean(axis=0), right.mean(axis=0)
    out["notes_difference"] = out["notes_b"] - out["notes_a"]
    limits = bootstrap_difference(left, right, paired=paired, level=level, draws=draws, seed=seed)
    out["notes_low"], out["notes_high"] = limits
    out["notes_p"] = permute_difference(left, right, paired=paired, draws=draws, seed=seed)
    out["notes_p_adjusted"] = holm(out["notes_p"])
    return out


def compare_cases(
    cases_a: pd.DataFrame, cases_b: pd.DataFrame, *, level: float = 0.95, draws: int = 4999, seed: int = 0
) -> pd.DataFrame:
    """Compare what is known of the cases themselves: assessment, goals, severity, meetings, length, grants.

    Parameters
    ----------
    cases_a, cases_b
        Two cases tables; columns that either lacks are passed over.
    level
        Confidence level of the intervals.
    draws, seed
        Of permutations and bootstrap samples.

    Returns
    -------
    pandas.DataFrame
        One row per measure: ``a`` and ``b`` (a share, or a mean for ``days_enrolled`` and ``grants``),
        ``of_a, of_b`` (cases known), ``difference`` with ``low`` and ``high``, ``p`` and ``p_adjusted``.
        Shares are tested by Fisher's exact test with Newcombe's interval, means by permutation of the cases
        with a bootstrap interval.

    Examples
    --------
    >>> a = pd.DataFrame({"case_id": list("ABCD"), "goal_attainment": ["i mål"] * 3 + [None]})
    >>> b = pd.DataFrame({"case_id": list("EFGH"), "goal_attainment": ["i mål"] + ["på vej"] * 3})
    >>> compare_cases(a, b).loc["goal_attainment: i mål", ["a", "b", "of_a"]].tolist()
    [1.0, 0.25, 3.0]
    """
    rows: dict[str, dict[str, float]] = {}
    for name, (left, right) in _yes_no_measures(cases_a, cases_b).items():
        k_a, n_a, k_b, n_b = int(left.sum()), len(left), int(right.sum()), len(right)
        low, high = newcombe_interval(k_a, n_a, k_b, n_b, level=level)
        p, _ = exact_test([[k_a, n_a - k_a], [k_b, n_b - k_b]])
        rows[name] = _measure(left, right, float(low), float(high), p)
    for name in (_DAYS, "grants"):
        left, right = (_numbers(cases, name) for cases in (cases_a, cases_b))
        if len(left) and len(right):
            pair = left[:, None], right[:, None]
            low, high = bootstrap_difference(*pair, level=level, draws=draws, seed=seed)
            p = float(permute_difference(*pair, draws=draws, seed=seed)[0])
            rows[name] = _measure(left, right, float(low[0]), float(high[0]), p)
    out = pd.DataFrame.from_dict(rows, orient="index")
    out["p_adjusted"] = holm(out["p"])
    return out


def _by_case(profiles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    known = pd.DataFrame(profiles).dropna(subset="share")
    return {
        name: known.pivot(index="case_id", columns="code", values=name).rename_axis(columns=None)
        for name in ("sentences", "share")
    }


def _shares(a: pd.DataFrame, b: pd.DataFrame, *, paired: bool, level: float, seed: int) -> pd.DataFrame:
    out = pd.DataFrame({"cases_a": a.sum(), "of_a": len(a), "cases_b": b.sum(), "of_b": len(b)})
    out["share_a"], out["share_b"] = out["cases_a"] / len(a), out["cases_b"] / len(b)
    out["difference"] = out["share_b"] - out["share_a"]
    if paired:
        out["low"], out["high"] = bootstrap_difference(a, b, paired=True, level=level, seed=seed)
        out["p"] = [_mcnemar(a[code].to_numpy(), b[code].to_numpy()) for code in a]
    else:
        counts = out[["cases_a", "of_a", "cases_b", "of_b"]].to_numpy()
        out["low"], out["high"] = newcombe_interval(*counts.T, level=level)
        out["p"] = [exact_test([[ka, na - ka], [kb, nb - kb]])[0] for ka, na, kb, nb in counts]
    out["p_adjusted"] = holm(out["p"])
    return out


def _mcnemar(before: np.ndarray, after: np.ndarray) -> float:
    gained, lost = int((~before & after).sum()), int((before & ~after).sum())
    return float(stats.binomtest(gained, gained + lost).pvalue) if gained + lost else float("nan")


def _yes_no_measures(a: pd.DataFrame, b: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    found = {}
    if "goal_attainment" in a and "goal_attainment" in b:
        found["assessed"] = a["goal_attainment"].notna().to_numpy(), b["goal_attainment"].notna().to_numpy()
    for column, values in (("goal_attainment", GOALS), ("severity", SEVERITIES)):
        if column in a and column in b:
            known = a[column].dropna(), b[column].dropna()
            for value in values:
                found[f"{column}: {value}"] = known[0].eq(value).to_numpy(), known[1].eq(value).to_numpy()
    for column in ("network_meeting", "reflective"):
        if column in a and column in b:
            found[column] = tuple(table[column].dropna().to_numpy(dtype=bool) for table in (a, b))
    return {name: pair for name, pair in found.items() if len(pair[0]) and len(pair[1])}


def _numbers(cases: pd.DataFrame, name: str) -> np.ndarray:
    if name == _DAYS and {"enrolled", "discharged"} <= set(cases.columns):
        return (cases["discharged"] - cases["enrolled"]).dt.days.dropna().to_numpy(dtype=float)
    return cases[name].dropna().to_numpy(dtype=float) if name in cases else np.array([])


def _measure(left: np.ndarray, right: np.ndarray, low: float, high: float, p: float) -> dict[str, float]:
    a, b = float(left.mean()), float(right.mean())
    return {
        "a": a,
        "of_a": len(left),
        "b": b,
        "of_b": len(right),
        "difference": b - a,
        "low": low,
        "high": high,
        "p": p,
    }
