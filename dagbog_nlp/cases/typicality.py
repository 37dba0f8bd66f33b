"""Which cases are typical of their group, which are not, and what makes them so."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from dagbog_nlp.errors import InputError


def typicality(
    profiles: pd.DataFrame,
    cases: pd.DataFrame | None = None,
    *,
    by: str | None = "goal_attainment",
    codes: Sequence[str] | None = None,
    neighbours: int = 3,
    reasons: int = 3,
) -> pd.DataFrame:
    """Measure how far each case's profile lies from the centre of its group.

    The profile of a case is the share of its notes with each code, made comparable by the arcsine of the
    square root, which gives shares about the same spread whatever their size, and divided by the code's
    spread over all cases. The centre is the mean of the *other* cases of the group.

    Parameters
    ----------
    profiles
        ``case_id, code, share``, as :func:`dagbog_nlp.cases.profiles.profile_cases` gives them; cases without
        notes are left out.
    cases
        Gives the groups; without it all cases are one group.
    by
        The column of `cases` that makes the groups; cases where it is blank are left out.
    codes
        The codes that make up the profile; by default those that are nobody's parent.
    neighbours, reasons
        How many of each to name.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``case_id``, the least typical first within its group: ``group``, ``distance`` (root mean
        square over the codes, in standard deviations), ``p`` (the share of the group's cases that lie at
        least as far out, itself among them), ``untypical_codes`` (the codes that add most, with their signed
        distance in standard deviations) and ``nearest`` (the ids of the most alike cases of any group).

    Raises
    ------
    InputError
        When `by` is not a column of `cases`, fewer than three cases are left, or no code varies.

    Examples
    --------
    >>> shares = {"A": 0.1, "B": 0.1, "C": 0.2, "D": 0.9}
    >>> profiles = pd.DataFrame({"case_id": list(shares), "code": "tvivl", "share": list(shares.values())})
    >>> found = typicality(profiles, neighbours=1)
    >>> found.index[0], found["nearest"].iloc[0]
    ('D', ['C'])
    """
    known = pd.DataFrame(profiles).dropna(subset="share")
    wide = known.pivot(index="case_id", columns="code", values="share")
    wide = wide.loc[known["case_id"].unique(), _leaves(wide.columns) if codes is None else list(codes)]
    groups = _groups(wide.index, cases, by)
    wide = wide.loc[groups.index]
    if len(wide) < 3:
        raise InputError("fewer than three cases have notes and a group", fix="profile more cases")
    raw = np.arcsin(np.sqrt(wide.to_numpy(dtype=float)))
    spread = raw.std(axis=0, ddof=1)
    varies = spread > 0
    if not varies.any():
        raise InputError("no code varies between the cases", fix="profile more codes")
    points, names = raw[:, varies] / spread[varies], wide.columns[varies]
    away = np.zeros_like(points)
    for group in groups.unique():
        own = (groups == group).to_numpy()
        others = max(own.sum() - 1, 1)
        away[own] = points[own] - (points[own].sum(axis=0) - points[own]) / others
    distance = np.sqrt((away**2).mean(axis=1))
    near = NearestNeighbors(n_neighbors=min(neighbours, len(points) - 1)).fit(points)
    order = near.kneighbors(return_distance=False)
    most = np.argsort(-np.abs(away), axis=1, kind="stable")[:, :reasons]
    out = pd.DataFrame({"group": groups, "distance": distance}, index=wide.index)
    out["p"] = out.groupby("group")["distance"].transform(
        lambda far: far.rank(ascending=False, method="max") / len(far)
    )
    out["untypical_codes"] = [
        {str(names[code]): round(float(away[row, code]), 2) for code in picked}
        for row, picked in enumerate(most)
    ]
    out["nearest"] = [[str(wide.index[other]) for other in row] for row in order]
    return out.sort_values(["group", "distance"], ascending=[True, False], kind="stable")


def _leaves(codes: pd.Index) -> list[str]:
    parents = {code.rpartition("/")[0] for code in codes}
    return [code for code in codes if code not in parents]


def _groups(case_ids: pd.Index, cases: pd.DataFrame | None, by: str | None) -> pd.Series:
    if cases is None or by is None:
        return pd.Series("alle", index=case_ids)
    if by not in cases:
        raise InputError(f"the cases lack the column {by}", fix="pass another column as by=")
    return cases.set_index("case_id")[by].reindex(case_ids).dropna()
