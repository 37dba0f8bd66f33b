"""The course of a case: does a code become more or less common, and in which third does it occur."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from dagbog_nlp.cases.statistics import Floats

PHASES = ("first_third", "middle_third", "last_third")


def trends(units: pd.DataFrame, notes: pd.DataFrame, grid: pd.MultiIndex) -> pd.DataFrame:
    """Test per case and code whether notes hold more or fewer coded sentences as time goes on.

    Parameters
    ----------
    units
        One row per coded sentence and code: ``note_id, code``.
    notes
        ``case_id, note_id, date``; notes without a date are left out.
    grid
        The cases and codes wanted, levels ``case_id, code``.

    Returns
    -------
    pandas.DataFrame
        Indexed by `grid`: ``trend``, Kendall's tau-b between date and number of coded sentences, -1 to 1,
        and ``trend_p``, the two-sided p-value of the Mann-Kendall test with correction for ties
        (Kendall 1970, *Rank correlation methods*), a normal approximation. NaN where nothing varies.
    """
    dated = notes[notes["date"].notna()].sort_values("case_id", kind="stable")
    counts = units.groupby(["note_id", "code"]).size().unstack(fill_value=0)
    values, codes = counts.reindex(dated["note_id"], fill_value=0).to_numpy(), counts.columns.to_numpy(object)
    days = dated["date"].astype("int64").to_numpy()
    case_ids, starts = np.unique(dated["case_id"].to_numpy(dtype=object), return_index=True)
    ends = np.append(starts, len(dated))[1:]
    found: dict[str, list[Any]] = {"case_id": [], "code": [], "trend": [], "trend_p": []}
    for case_id, start, end in zip(case_ids, starts, ends, strict=True):
        own, time = values[start:end], days[start:end]
        varies = (own != own[0]).any(axis=0)
        if end - start > 2 and varies.any() and (time != time[0]).any():
            tau, p = mann_kendall(time, own[:, varies])
            found["case_id"] += [case_id] * len(tau)
            found["code"] += list(codes[varies])
            found["trend"] += list(tau)
            found["trend_p"] += list(p)
    return pd.DataFrame(found).set_index(["case_id", "code"]).reindex(grid).astype(float)


def mann_kendall(time: np.ndarray, values: np.ndarray) -> tuple[Floats, Floats]:
    """Give Kendall's tau-b of every column of `values` with `time`, and its p-value.

    Parameters
    ----------
    time
        Shape (n,).
    values
        Shape (n, columns); each column must vary.

    Returns
    -------
    tau, p : ndarray of float64, shape (columns,)

    Examples
    --------
    >>> tau, p = mann_kendall(np.array([1, 2, 3, 4]), np.array([[0], [1], [1], [2]]))
    >>> print(round(float(tau[0]), 3), round(float(p[0]), 3))
    0.913 0.071
    """
    n = len(time)
    left, right = np.triu_indices(n, 1)
    order = np.sign(time[right] - time[left])[:, None]
    change = np.sign(values[right] - values[left])
    score = (order * change).sum(axis=0)
    varies_in_time, varies = np.count_nonzero(order), np.count_nonzero(change, axis=0)
    tau = score / np.sqrt(float(varies_in_time) * varies)
    ties_time = _tie_sums(time[:, None])
    ties = _tie_sums(values)
    variance = (n * (n - 1) * (2 * n + 5) - ties_time[2] - ties[2]) / 18
    variance = variance + ties_time[0] * ties[0] / (2 * n * (n - 1))
    variance = variance + ties_time[1] * ties[1] / (9 * n * (n - 1) * (n - 2))
    return tau, 2 * special.ndtr(-np.abs(score) / np.sqrt(variance))


def _tie_sums(values: np.ndarray) -> tuple[Floats, Floats, Floats]:
    """Sum t(t-1), t(t-1)(t-2) and t(t-1)(2t+5) over the groups of equal values of each column."""
    t = (values[:, None] == values[None]).sum(axis=1).astype(float)
    return (t - 1).sum(axis=0), ((t - 1) * (t - 2)).sum(axis=0), ((t - 1) * (2 * t + 5)).sum(axis=0)


def phase_counts(
    units: pd.DataFrame, notes: pd.DataFrame, grid: pd.MultiIndex, cases: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Count the notes with each code in the first, middle and last third of the course.

    The course runs from enrolment to discharge where `cases` has the dates, otherwise from the first
    to the last note; the thirds are equally long in days.

    Returns
    -------
    pandas.DataFrame
        Indexed by `grid`: ``first_third, middle_third, last_third`` and the notes there are in each,
        ``first_third_total`` and so on; int64.
    """
    phase = note_phases(notes, cases)
    totals = _by_phase(notes.assign(phase=phase.to_numpy()), ["case_id"])
    coded = units[["case_id", "code", "note_id"]].drop_duplicates()
    coded = coded.assign(phase=coded["note_id"].map(phase).to_numpy())
    counts = _by_phase(coded, ["case_id", "code"]).reindex(grid, fill_value=0)
    totals = totals.reindex(grid.get_level_values("case_id"), fill_value=0)
    for name in PHASES:
        counts[f"{name}_total"] = totals[name].to_numpy()
    return counts.astype("int64")


def note_phases(notes: pd.DataFrame, cases: pd.DataFrame | None = None) -> pd.Series:
    """Give the third of its case's course that each note falls in, indexed by ``note_id``."""
    dates = notes.groupby("case_id")["date"]
    start, end = dates.min(), dates.max()
    if cases is not None:
        known = cases.set_index("case_id")
        if "enrolled" in known:
            start = known["enrolled"].reindex(start.index).fillna(start).combine(start, min)
        if "discharged" in known:
            end = known["discharged"].reindex(end.index).fillna(end).combine(end, max)
    begun, over = start.reindex(notes["case_id"]), end.reindex(notes["case_id"])
    length = (over - begun).dt.total_seconds().to_numpy(dtype=float)
    passed = (notes["date"].to_numpy() - begun).dt.total_seconds().to_numpy(dtype=float)
    third = np.floor(3 * passed / np.where(length > 0, length, 1))
    names = pd.Series(np.clip(np.nan_to_num(third), 0, 2).astype(int)).map(dict(enumerate(PHASES)))
    names = names.where(~np.isnan(third), None)
    return pd.Series(names.to_numpy(), index=notes["note_id"].to_numpy(), dtype="str")


def _by_phase(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    counts = table.groupby([*keys, "phase"]).size().unstack(fill_value=0)
    return counts.reindex(columns=list(PHASES), fill_value=0)
