"""Set-theoretic reading of cases, as in qualitative comparative analysis: necessity and sufficiency."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd

from dagbog_nlp.cases.reflection import reflective_cases
from dagbog_nlp.cases.statistics import Floats, wilson_interval
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import GOALS, SEVERITIES


def set_relations(
    sets: pd.DataFrame, outcome: str, conditions: Sequence[str] | None = None, *, combine: int = 2
) -> pd.DataFrame:
    """Say how far each condition, and each combination of conditions, is necessary and sufficient.

    A sufficient condition is a subset of the outcome (where it is, the outcome is too); a necessary one is
    a superset (without it, no outcome). Consistency says how far that holds, coverage how much of the
    outcome (or of the condition) it accounts for (Ragin 2006, "Set relations in social research",
    Political Analysis 14).

    Parameters
    ----------
    sets
        One row per case, one column per set: True and False, or membership from 0 to 1 (fuzzy sets).
    outcome
        The column to be explained; put ``~`` before it for its absence.
    conditions
        The columns to explain it with; all others by default.
    combine
        The most conditions in a combination (joined by ``*``); each is tried as such and negated (``~``).

    Returns
    -------
    pandas.DataFrame
        Indexed by expression: ``cases`` (the sum of membership), ``sufficiency`` with its Wilson interval
        ``low`` to ``high`` (crisp sets only), ``pri`` (proportional reduction in inconsistency),
        ``coverage``, then ``necessity`` with ``necessity_low, necessity_high``, ``necessity_coverage`` and
        ``relevance`` (of necessity, Schneider and Wagemann 2012, *Set-Theoretic Methods*).

    Raises
    ------
    InputError
        On a missing column or a membership outside 0 to 1.

    Examples
    --------
    >>> sets = pd.DataFrame({"reflekteret": [1, 1, 0, 0], "let": [0, 1, 1, 0], "i mål": [1, 1, 1, 0]})
    >>> set_relations(sets, "i mål", combine=1).loc[["reflekteret", "~let"], ["sufficiency", "coverage"]]
                 sufficiency  coverage
    reflekteret          1.0  0.666667
    ~let                 0.5  0.333333
    """
    name = outcome.removeprefix("~")
    chosen = [column for column in sets if column != name] if conditions is None else list(conditions)
    missing = [column for column in (name, *chosen) if column not in sets]
    if missing:
        raise InputError(f"the sets lack the column(s) {', '.join(missing)}", fix="see case_sets")
    values = sets[[name, *chosen]].astype(float)
    if values.isna().any(axis=None) or not values.stack().between(0, 1).all():
        raise InputError("a membership is blank or not between 0 and 1", fix="drop or calibrate these cases")
    y = values[name].to_numpy()
    y = 1 - y if outcome.startswith("~") else y
    rows = {}
    for size in range(1, combine + 1):
        for picked in combinations(chosen, size):
            for signs in product([False, True], repeat=size):
                parts = [1 - values[c] if no else values[c] for c, no in zip(picked, signs, strict=True)]
                expression = "*".join(f"~{c}" if no else c for c, no in zip(picked, signs, strict=True))
                rows[expression] = _fit(np.minimum.reduce([part.to_numpy() for part in parts]), y)
    return pd.DataFrame.from_dict(rows, orient="index")


def case_sets(profiles: pd.DataFrame, cases: pd.DataFrame, *, codes: Sequence[str] = ()) -> pd.DataFrame:
    """Give the crisp sets of table 5: goal attained, reflective adjustment, each severity, and codes.

    Parameters
    ----------
    profiles
        As :func:`dagbog_nlp.cases.profiles.profile_cases` gives them.
    cases
        Needs ``case_id, goal_attainment, severity``; cases where either is blank are left out.
    codes
        Codes whose occurrence in the case is a set too.

    Returns
    -------
    pandas.DataFrame
        Boolean, indexed by ``case_id``: ``i mål``, ``reflekteret``, ``let``, ``mellem``, ``svær``, the codes.

    Examples
    --------
    >>> profiles = pd.DataFrame({"case_id": ["A", "B"], "code": "professionel_tvivl", "sentences": [2, 0],
    ...                          "reflective": [True, False]})
    >>> cases = pd.DataFrame({"case_id": ["A", "B"], "goal_attainment": ["i mål", "på vej"],
    ...                       "severity": ["svær", "let"]})
    >>> sets = case_sets(profiles, cases, codes=["professionel_tvivl"])
    >>> [name for name in sets if sets.loc["A", name]]
    ['i mål', 'reflekteret', 'svær', 'professionel_tvivl']
    """
    known = cases.dropna(subset=["goal_attainment", "severity"]).set_index("case_id")
    out = pd.DataFrame({GOALS[0]: known["goal_attainment"] == GOALS[0]})
    reflective = reflective_cases(profiles, cases).reindex(known.index)
    out["reflekteret"] = reflective.fillna(value=False).astype(bool)
    for severity in SEVERITIES:
        out[severity] = known["severity"] == severity
    for code in codes:
        coded = profiles.loc[(profiles["code"] == code) & (profiles["sentences"] > 0), "case_id"]
        out[code] = known.index.isin(coded)
    return out


def _fit(x: Floats, y: Floats) -> dict[str, float]:
    both, contradiction = np.minimum(x, y).sum(), np.minimum(np.minimum(x, y), 1 - y).sum()
    crisp = bool(np.isin(x, (0, 1)).all() and np.isin(y, (0, 1)).all())
    sufficient = wilson_interval(both, x.sum()) if crisp else (np.nan, np.nan)
    necessary = wilson_interval(both, y.sum()) if crisp else (np.nan, np.nan)
    return {
        "cases": float(x.sum()),
        "sufficiency": _ratio(both, x.sum()),
        "low": float(sufficient[0]),
        "high": float(sufficient[1]),
        "pri": _ratio(both - contradiction, x.sum() - contradiction),
        "coverage": _ratio(both, y.sum()),
        "necessity": _ratio(both, y.sum()),
        "necessity_low": float(necessary[0]),
        "necessity_high": float(necessary[1]),
        "necessity_coverage": _ratio(both, x.sum()),
        "relevance": _ratio((1 - x).sum(), (1 - np.minimum(x, y)).sum()),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
