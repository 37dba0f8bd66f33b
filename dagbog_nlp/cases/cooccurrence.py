"""Which codes go together, and how codes differ by heading or team."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from dagbog_nlp.cases.profiles import coded_units
from dagbog_nlp.cases.resampling import resampling_weights
from dagbog_nlp.cases.statistics import Floats, holm
from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.sentences import sentence_table
from dagbog_nlp.tables import check_codings

_KEYS = {
    "sentence": ["case_id", "note_id", "start", "end"],
    "note": ["case_id", "note_id"],
    "case": ["case_id"],
}


def cooccurrence(
    codings: pd.DataFrame,
    notes: pd.DataFrame,
    *,
    unit: Literal["sentence", "note", "case"] = "note",
    codes: Sequence[str] | None = None,
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Count how often two codes occur in the same sentence, note or case.

    Parameters
    ----------
    codings
        A codings table.
    notes
        The notes that were coded.
    unit
        What the codes share.
    codes
        The codes to pair; all by default. A code is never paired with its own subcode.
    level
        Confidence level of the interval.
    draws, seed
        Bootstrap samples of cases, and where they start.

    Returns
    -------
    pandas.DataFrame
        One row per pair, the commonest first: ``code_a, code_b``, ``both, a, b, units``, ``jaccard``
        (both of those with either), ``lift`` (both over what independence would give) with its interval
        ``low`` to ``high``, drawing whole cases.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": list("AB"), "note_id": list("12"), "date": pd.NaT, "text": "Et."})
    >>> codings = pd.DataFrame({"case_id": ["A", "A"], "note_id": ["1", "1"], "start": [0, 1], "end": [1, 3],
    ...                         "code": ["tvivl", "justering"]})
    >>> cooccurrence(codings, notes)[["code_a", "code_b", "both", "lift"]].values.tolist()
    [['justering', 'tvivl', 1, 2.0]]
    """
    units = coded_units(check_codings(codings, notes), notes)
    names = sorted(units["code"].unique()) if codes is None else list(codes)
    present = units[units["code"].isin(names)].drop_duplicates([*_KEYS[unit], "code"])
    table = present.assign(one=1.0).pivot(index=_KEYS[unit], columns="code", values="one")
    table = table.reindex(columns=names).fillna(0.0)
    per_case = _units_per_case(notes, unit)
    pairs = [(i, j) for i, j in combinations(range(len(names)), 2) if not names[j].startswith(f"{names[i]}/")]
    left, right = (np.array([pair[side] for pair in pairs], dtype=int) for side in (0, 1))
    values = table.to_numpy()
    own = pd.Categorical(table.index.get_level_values("case_id"), categories=per_case.index).codes
    single, both = np.zeros((len(per_case), len(names))), np.zeros((len(per_case), len(pairs)))
    np.add.at(single, own, values)
    np.add.at(both, own, values[:, left] * values[:, right])
    total = per_case.to_numpy(dtype=float)
    weights = resampling_weights(len(per_case), draws, seed)
    drawn = _lift(weights @ both, weights @ single, weights @ total, left, right)
    low, high = np.nanquantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0) if pairs else ([], [])
    a, b, together = single.sum(axis=0)[left], single.sum(axis=0)[right], both.sum(axis=0)
    out = pd.DataFrame({"code_a": np.array(names, object)[left], "code_b": np.array(names, object)[right]})
    out["both"], out["a"], out["b"], out["units"] = (
        together.astype(int),
        a.astype(int),
        b.astype(int),
        int(total.sum()),
    )
    out["jaccard"] = together / np.maximum(a + b - together, 1)
    out["lift"] = _lift(together[None], single.sum(axis=0)[None], total.sum()[None], left, right)[0]
    out["low"], out["high"] = low, high
    return out.sort_values("both", ascending=False, kind="stable", ignore_index=True)


def codes_by(
    codings: pd.DataFrame,
    notes: pd.DataFrame,
    by: str = "focus",
    *,
    codes: Sequence[str] | None = None,
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Give the share of notes with each code by heading (``focus``), team or another column of the notes.

    Parameters
    ----------
    codings
        A codings table.
    notes
        The notes that were coded, with the column `by`; notes where it is blank are left out.
    by
        The column that makes the groups.
    codes
        The codes wanted; all by default.
    level
        Confidence level of the intervals.
    draws, seed
        Bootstrap samples and permutations, and where they start.

    Returns
    -------
    pandas.DataFrame
        One row per code and group: ``code, group, notes, notes_total, share`` with ``low`` and ``high``
        (drawing whole cases), and per code ``p``, whether the groups differ at all, and ``p_adjusted``
        (Holm's, over the codes). The test permutes the groups among the notes of each case, or among the
        cases where all notes of a case are of one group.

    Raises
    ------
    InputError
        When the notes lack the column.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": list("AABB"), "note_id": list("1234"), "date": pd.NaT, "text": "Et.",
    ...                       "focus": ["Samvær", "Netværk"] * 2})
    >>> codings = pd.DataFrame({"case_id": ["A", "B", "B"], "note_id": ["1", "3", "4"], "start": 0, "end": 3,
    ...                         "code": "tvivl"})
    >>> codes_by(codings, notes)[["code", "group", "notes", "share"]].values.tolist()
    [['tvivl', 'Netværk', 1, 0.5], ['tvivl', 'Samvær', 2, 1.0]]
    """
    if by not in notes:
        raise InputError(f"the notes lack the column {by}", fix="pass another column as by=")
    units = coded_units(check_codings(codings, notes), notes)
    names = sorted(units["code"].unique()) if codes is None else list(codes)
    known = notes.dropna(subset=by)
    coded = units.drop_duplicates(["note_id", "code"]).assign(one=1.0)
    values = coded.pivot(index="note_id", columns="code", values="one").reindex(
        index=known["note_id"], columns=names
    )
    y = values.fillna(0.0).to_numpy()
    label, groups = pd.factorize(known[by], sort=True)
    case, _ = pd.factorize(known["case_id"])
    p = _permutation_p(y, label, case, draws=draws, seed=seed)
    weights = resampling_weights(case.max() + 1, draws, seed)
    parts = []
    for number, group in enumerate(groups):
        own = label == number
        with_code, all_notes = np.zeros((weights.shape[1], len(names))), np.zeros(weights.shape[1])
        np.add.at(with_code, case[own], y[own])
        np.add.at(all_notes, case[own], 1.0)
        drawn_notes = weights @ all_notes
        drawn = (weights @ with_code)[drawn_notes > 0] / drawn_notes[drawn_notes > 0, None]
        low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        total, found = int(own.sum()), y[own].sum(axis=0)
        columns = {"code": names, "group": group, "notes": found.astype(int), "notes_total": total}
        parts.append(
            pd.DataFrame(
                {**columns, "share": found / total, "low": low, "high": high, "p": p, "p_adjusted": holm(p)}
            )
        )
    return pd.concat(parts).sort_values("code", kind="stable", ignore_index=True)


def _permutation_p(y: Floats, label: np.ndarray, case: np.ndarray, *, draws: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    varies = pd.Series(label).groupby(case).nunique().gt(1).any()
    of_case = pd.Series(label).groupby(case).first().to_numpy()
    size = np.bincount(label)

    def statistic(labels: np.ndarray) -> Floats:
        count = np.bincount(labels, minlength=len(size))[:, None]
        sums = np.zeros((len(size), y.shape[1]))
        np.add.at(sums, labels, y)
        return np.asarray((sums**2 / np.maximum(count, 1)).sum(axis=0))

    seen, as_far = statistic(label), np.zeros(y.shape[1])
    in_order = np.argsort(case, kind="stable")
    for _ in range(draws):
        if varies:
            dealt = np.empty_like(label)
            dealt[in_order] = label[np.lexsort((rng.random(len(label)), case))]
        else:
            dealt = rng.permutation(of_case)[case]
        as_far += statistic(dealt) >= seen - 1e-9
    return np.where(y.sum(axis=0) > 0, (1 + as_far) / (1 + draws), np.nan)


def _lift(both: Floats, single: Floats, total: Floats, left: np.ndarray, right: np.ndarray) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return both * total[:, None] / (single[:, left] * single[:, right])


def _units_per_case(notes: pd.DataFrame, unit: str) -> pd.Series:
    if unit == "sentence":
        counted = sentence_table(notes).groupby("case_id").size()
        return counted.reindex(notes["case_id"].unique(), fill_value=0)
    sizes = notes.groupby("case_id", sort=False).size()
    return sizes if unit == "note" else sizes.clip(upper=1)
