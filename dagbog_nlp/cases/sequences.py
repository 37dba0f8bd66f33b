"""Which coding is followed by which: professional doubt, and the adjustment that answers it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dagbog_nlp.cases.statistics import wilson_interval
from dagbog_nlp.errors import InputError

DOUBT, ADJUSTMENT = "professionel_tvivl", "indsatsjustering"
_COLUMNS = ["note_id", "date", "start", "end", "code"]


@dataclass(frozen=True)
class Sequences:
    """What :func:`followed_by` found.

    Attributes
    ----------
    pairs : pandas.DataFrame
        One row per answered coding with the first that follows it: ``case_id``, then
        ``note_id, date, start, end, code`` of both, suffixed ``_first`` and ``_then``, and ``lag`` (days).
    cases : pandas.DataFrame
        Indexed by ``case_id``: ``first`` (codings that could be answered), ``then``, ``answered``.
    chance : pandas.DataFrame
        Two rows, ``codings`` and ``cases``: how many there are (``of``), how many are answered
        (``observed``), their ``share`` with a Wilson interval ``low`` to ``high``, the mean and the middle
        95 % of the answered when dates are permuted within the case (``by_chance, chance_low, chance_high``)
        and ``p``, the one-sided probability of at least as many by chance.
    """

    pairs: pd.DataFrame
    cases: pd.DataFrame
    chance: pd.DataFrame

    def __repr__(self) -> str:
        codings = self.chance.loc["codings"]
        return (
            f"Sequences({codings['observed']:.0f} of {codings['of']:.0f} answered, "
            f"{codings['by_chance']:.1f} by chance, p = {codings['p']:.3g})"
        )

    def _repr_html_(self) -> str:
        return self.chance.round(3).to_html(border=0) + self.pairs.to_html(border=0, index=False, max_rows=20)


def followed_by(
    codings: pd.DataFrame,
    first: str,
    then: str,
    *,
    within: str | pd.Timedelta | None = None,
    notes: pd.DataFrame | None = None,
    permutations: int = 999,
    seed: int = 0,
) -> Sequences:
    """Find which codings of one code are followed by another code in the same case.

    The second must stand later in the same note, or in a note of the same or a later date; never
    before. A subcode counts as its parent.

    Parameters
    ----------
    codings
        ``case_id, note_id, date, start, end, code``.
    first, then
        Code paths, for instance ``professionel_tvivl`` and ``indsatsjustering``.
    within
        The longest lag, for instance ``"90D"``; None for the whole course.
    notes
        All notes of the cases: then notes without a coding take part in the chance baseline too.
    permutations
        How often the dates are permuted among the notes of each case for the baseline.
    seed
        Of the permutations.

    Returns
    -------
    Sequences

    Raises
    ------
    InputError
        When the codings lack a column.

    Notes
    -----
    The baseline asks how often the second code would follow the first if the order of the notes told
    nothing: the contents of a note stay together, the dates of the case are dealt out anew. The p-value
    counts the observed order as one of the permutations (Phipson and Smyth 2010, "Permutation p-values
    should never be zero", Statistical Applications in Genetics and Molecular Biology 9).

    Examples
    --------
    >>> codings = pd.DataFrame({
    ...     "case_id": "S1", "note_id": ["N1", "N2"], "date": pd.to_datetime(["2024-01-08", "2024-02-05"]),
    ...     "start": 0, "end": 20, "code": ["professionel_tvivl", "indsatsjustering/indsats"]})
    >>> followed_by(codings, "professionel_tvivl", "indsatsjustering", within="90D").pairs["lag"].tolist()
    [28]
    """
    missing = [name for name in ("case_id", *_COLUMNS) if name not in codings]
    if missing:
        raise InputError(
            f"the codings lack the column(s) {', '.join(missing)}", fix="pass a checked codings table"
        )
    limit = None if within is None else pd.Timedelta(within)
    left, right = _of_code(codings, first), _of_code(codings, then)
    pairs = _first_answers(left, right, limit)
    cases = pd.DataFrame(
        {
            "first": left.groupby("case_id").size(),
            "then": right.groupby("case_id").size(),
            "answered": pairs.groupby("case_id").size(),
        }
    )
    known = codings if notes is None else notes
    cases = cases.reindex(pd.Index(known["case_id"].unique(), name="case_id")).fillna(0).astype("int64")
    drawn = _permuted(left, right, known, limit, permutations=permutations, seed=seed)
    return Sequences(pairs, cases, _chance(cases, drawn))


def reflective_adjustment(
    codings: pd.DataFrame,
    notes: pd.DataFrame | None = None,
    *,
    doubt: str = DOUBT,
    adjustment: str = ADJUSTMENT,
    within: str | pd.Timedelta | None = None,
) -> pd.DataFrame:
    """Say per case whether a professional doubt led to an adjustment (reflekteret indsatsjustering).

    Parameters
    ----------
    codings
        ``case_id, note_id, date, start, end, code``.
    notes
        Gives the cases without a coding, which are not reflective.
    doubt, adjustment
        Code paths; subcodes count.
    within
        The longest lag, for instance ``"90D"``; None for the whole course.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``case_id``: ``doubts, adjustments, answered`` (int64) and ``reflective`` (bool).

    Examples
    --------
    >>> codings = pd.DataFrame({
    ...     "case_id": "S1", "note_id": ["N1", "N2"], "date": pd.to_datetime(["2024-01-08", "2024-02-05"]),
    ...     "start": 0, "end": 20, "code": ["indsatsjustering/indsats", "professionel_tvivl"]})
    >>> bool(reflective_adjustment(codings).loc["S1", "reflective"])
    False
    """
    found = followed_by(codings, doubt, adjustment, within=within, notes=notes, permutations=0).cases
    found.columns = pd.Index(["doubts", "adjustments", "answered"])
    return found.assign(reflective=found["answered"] > 0)


def _of_code(codings: pd.DataFrame, code: str) -> pd.DataFrame:
    chosen = (codings["code"] == code) | codings["code"].str.startswith(f"{code}/")
    rows = codings.loc[chosen, ["case_id", *_COLUMNS]].sort_values(
        ["date", "note_id", "start", "end", "code"]
    )
    return rows.drop_duplicates(["note_id", "start", "end"])


def _first_answers(left: pd.DataFrame, right: pd.DataFrame, limit: pd.Timedelta | None) -> pd.DataFrame:
    pairs = left.merge(right, on="case_id", suffixes=("_first", "_then"))
    lag = pairs["date_then"] - pairs["date_first"]
    same_note = pairs["note_id_then"] == pairs["note_id_first"]
    after = np.where(same_note, pairs["start_then"] > pairs["start_first"], lag >= pd.Timedelta(0))
    if limit is not None:
        after &= same_note | (lag <= limit)
    pairs = pairs.assign(lag=lag.dt.days.where(~same_note, 0))[after].astype({"lag": "int64"})
    pairs = pairs.sort_values(["case_id", "date_first", "note_id_first", "start_first", "lag", "start_then"])
    return pairs.drop_duplicates(["note_id_first", "start_first", "end_first"]).reset_index(drop=True)


def _permuted(
    left: pd.DataFrame,
    right: pd.DataFrame,
    notes: pd.DataFrame,
    limit: pd.Timedelta | None,
    *,
    permutations: int,
    seed: int,
) -> np.ndarray:
    """Answered codings and answered cases in each permutation, shape (permutations, 2)."""
    drawn = np.zeros((permutations, 2))
    if permutations == 0:
        return drawn
    dates = notes.drop_duplicates("note_id").set_index("note_id")[["case_id", "date"]]
    in_note = _first_answers(left, right, pd.Timedelta(-1, "D"))
    settled = set(zip(in_note["note_id_first"], in_note["start_first"], strict=True))
    longest = np.inf if limit is None else limit / pd.Timedelta(1, "D")
    rng = np.random.default_rng(seed)
    notes_of = dict(tuple(dates.groupby("case_id")))
    answers_of = right.groupby("case_id")["note_id"].unique()
    for case_id, rows in left.groupby("case_id"):
        own = notes_of[case_id]
        place = {note: row for row, note in enumerate(own.index)}
        answers = np.array([place[note] for note in answers_of.get(case_id, [])], int)
        days = ((own["date"] - own["date"].min()) / pd.Timedelta(1, "D")).to_numpy(dtype=float)
        dealt = rng.permuted(np.tile(days, (permutations, 1)), axis=1)
        answered = np.zeros(permutations)
        for note, start in zip(rows["note_id"], rows["start"], strict=True):
            if (note, start) in settled:
                answered += 1
                continue
            others = answers[answers != place[note]]
            lag = dealt[:, others] - dealt[:, [place[note]]]
            answered += ((lag >= 0) & (lag <= longest)).any(axis=1)
        drawn += np.column_stack([answered, answered > 0])
    return drawn


def _chance(cases: pd.DataFrame, drawn: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "of": [cases["first"].sum(), (cases["first"] > 0).sum()],
            "observed": [cases["answered"].sum(), (cases["answered"] > 0).sum()],
        },
        index=["codings", "cases"],
    )
    table["share"] = table["observed"] / table["of"].where(table["of"] > 0)
    table["low"], table["high"] = wilson_interval(table["observed"], table["of"])
    if len(drawn):
        table["by_chance"] = drawn.mean(axis=0)
        table["chance_low"], table["chance_high"] = np.quantile(drawn, [0.025, 0.975], axis=0)
        table["p"] = (1 + (drawn >= table["observed"].to_numpy()).sum(axis=0)) / (1 + len(drawn))
    return table
