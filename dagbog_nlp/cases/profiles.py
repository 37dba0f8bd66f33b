"""Case profiles: how often each code occurs in each case, when, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import pandas as pd

from dagbog_nlp.cases.course import PHASES, phase_counts, trends
from dagbog_nlp.cases.expected import expected_sentences
from dagbog_nlp.cases.sequences import ADJUSTMENT, DOUBT, reflective_adjustment
from dagbog_nlp.cases.statistics import wilson_interval
from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.sentences import sentence_table
from dagbog_nlp.tables import PROFILES, check_cases, check_codings, check_notes


class Profiles(pd.DataFrame):
    """The profiles table: a data frame with one row per case and code, and the ways to read it.

    Besides the columns of :data:`dagbog_nlp.tables.PROFILES` it holds ``notes_total`` (notes of the
    case), ``trend`` and ``trend_p`` (rank correlation of the coded sentences of a note with its
    date, -1 to 1, and its test), for each third of the course the notes with the code
    (``first_third, middle_third, last_third``) and the notes there are (``first_third_total`` ...),
    and ``reflective``, which is the same in all rows of a case.
    """

    @property
    def _constructor(self) -> type[Profiles]:
        return Profiles

    def wide(self, values: str = "sentences") -> pd.DataFrame:
        """Give one row per case and one column per code.

        Parameters
        ----------
        values
            Which column fills the cells: ``sentences``, ``notes``, ``share``, ``expected`` ...

        Returns
        -------
        pandas.DataFrame
            Indexed by ``case_id``, in the order of the profiles.

        Examples
        --------
        >>> profiles = Profiles({"case_id": ["A", "B"], "code": ["kode", "kode"], "sentences": [2, 0]})
        >>> profiles.wide().loc["A", "kode"]
        np.int64(2)
        """
        self._need("case_id", "code", values)
        table = pd.DataFrame(self).pivot(index="case_id", columns="code", values=values)
        return table.loc[self["case_id"].unique(), self["code"].unique()].rename_axis(columns=None)

    def case(self, case_id: str) -> CaseProfile:
        """Give the profile of one case, which shows itself in a notebook.

        Raises
        ------
        InputError
            When the case is not among the profiles.
        """
        rows = pd.DataFrame(self)[self["case_id"] == case_id].reset_index(drop=True)
        if rows.empty:
            raise InputError(
                "the case is not among the profiles", case_id=case_id, fix="see profiles['case_id']"
            )
        return CaseProfile(case_id, rows)

    def phases(self, *, level: float = 0.95) -> pd.DataFrame:
        """Give one row per case, code and third of the course.

        Returns
        -------
        pandas.DataFrame
            ``case_id, code, phase, notes, notes_total, share, low, high``; Wilson intervals.
        """
        self._need("case_id", "code", *PHASES)
        parts = []
        for phase in PHASES:
            part = pd.DataFrame(self)[["case_id", "code", phase, f"{phase}_total"]].copy()
            part.columns = pd.Index(["case_id", "code", "notes", "notes_total"])
            part.insert(2, "phase", phase)
            parts.append(part)
        out = pd.concat(parts, ignore_index=True)
        return _with_share(out, level)

    def _need(self, *names: str) -> None:
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise InputError(f"the profiles lack the column(s) {', '.join(missing)}", fix="use profile_cases")


class CaseProfile:
    """The profile of one case.

    Attributes
    ----------
    case_id : str
    table : pandas.DataFrame
        The case's rows of the profiles table.
    """

    def __init__(self, case_id: str, table: pd.DataFrame) -> None:
        self.case_id = case_id
        self.table = table

    @property
    def reflective(self) -> bool | None:
        """Whether a professional doubt was answered by an adjustment; None when not known."""
        if "reflective" not in self.table or self.table["reflective"].isna().all():
            return None
        return bool(self.table["reflective"].iloc[0])

    def __repr__(self) -> str:
        coded = int((self.table["sentences"] > 0).sum())
        return f"CaseProfile({self.case_id!r}, {coded} of {len(self.table)} codes found)"

    def __str__(self) -> str:
        found = self.table[self.table["sentences"] > 0]
        columns = ["code", "sentences", "notes", "notes_total", "share", "low", "high"]
        return f"Sag {self.case_id}\n{found[columns].round(2).to_string(index=False)}"

    def _repr_html_(self) -> str:
        found = self.table[self.table["sentences"] > 0]
        shown = pd.DataFrame(
            {
                "Kode": found["code"],
                "Sætninger": found["sentences"],
                "Notater": [f"{row.notes} af {row.notes_total}" for row in found.itertuples()],
                "Andel (95 %)": [
                    f"{row.share:.0%} ({row.low:.0%}-{row.high:.0%})" for row in found.itertuples()
                ],
                "Første": found["first_date"].dt.strftime("%Y-%m-%d"),
                "Sidste": found["last_date"].dt.strftime("%Y-%m-%d"),
                "Start · midt · slut": [
                    " · ".join(f"{getattr(row, phase)}/{getattr(row, f'{phase}_total')}" for phase in PHASES)
                    for row in found.itertuples()
                ],
            }
        )
        answer = {True: "ja", False: "nej", None: "ukendt"}[self.reflective]
        title = f"<h4>Sag {escape(self.case_id)}</h4>"
        return f"{title}<p>Reflekteret indsatsjustering: {answer}</p>{shown.to_html(index=False, border=0)}"


def profile_cases(
    codings: pd.DataFrame,
    notes: pd.DataFrame,
    cases: pd.DataFrame | None = None,
    *,
    source: str | Iterable[str] | None = None,
    coder: str | Iterable[str] | None = None,
    min_score: float | None = None,
    codes: Sequence[str] | None = None,
    scores: pd.DataFrame | None = None,
    errors: pd.DataFrame | None = None,
    doubt: str = DOUBT,
    adjustment: str = ADJUSTMENT,
    level: float = 0.95,
) -> Profiles:
    """Count every code in every case, with the share of notes, its interval and its course.

    A sentence is counted once per code however many coders or cues marked it, and a subcode counts
    as its parent too. Codings of any source are treated alike; a negated hit counts, as the coding
    manual says.

    Parameters
    ----------
    codings
        A codings table; manual codings need only ``case_id, note_id, start, end, code``.
    notes
        The notes that were coded, those without any coding too: they are the denominator.
    cases
        When given, the profiles cover exactly these cases, those without notes too, and
        ``enrolled`` and ``discharged`` bound the thirds of the course.
    source, coder
        Keep only codings of these sources (keyword, classifier, manual) or coders.
    min_score
        Keep only codings with at least this score, 0 to 1.
    codes
        The codes to profile, in this order; by default every code found, with its parents.
    scores
        Calibrated probabilities of every sentence, as ``coder.score(notes)`` gives them. Without them and
        without `errors`, ``expected`` leaves out what a classifier missed.
    errors
        The coder's known error: one row per code (the index, or a column ``code``) with
        ``precision`` and ``recall``, or ``sensitivity`` and ``specificity``.
    doubt, adjustment
        The codes that :func:`reflective_adjustment` relates.
    level
        Confidence level of the intervals.

    Returns
    -------
    Profiles
        One row per case and code, those with no coding too. ``share`` is that of the case's notes with
        a Wilson interval ``low`` to ``high``, NaN for a case without notes. ``expected`` is the number of
        sentences to be expected once the coder's error is corrected for; see
        :func:`dagbog_nlp.cases.expected.expected_sentences`.

    Raises
    ------
    InputError
        When a table breaks its contract, the codings do not fit the notes, or `errors` lacks a column.

    Examples
    --------
    >>> notes = pd.DataFrame({
    ...     "case_id": ["S1", "S1"], "note_id": ["N1", "N2"],
    ...     "date": pd.to_datetime(["2024-01-08", "2024-02-05"]),
    ...     "text": ["Mor aflyser mødet.", "Far laver kaffe."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [0], "end": [18],
    ...                         "code": ["negativ_alliance/aflyser_aftale"]})
    >>> profiles = profile_cases(codings, notes)
    >>> profiles[["code", "sentences", "notes", "share"]]
                                  code  sentences  notes  share
    0                 negativ_alliance          1      1    0.5
    1  negativ_alliance/aflyser_aftale          1      1    0.5
    """
    notes = check_notes(notes) if len(notes) else notes
    cases = None if cases is None else check_cases(cases)
    codings = check_codings(codings, notes)
    codings = filter_codings(codings, source=source, coder=coder, min_score=min_score)
    sentences = None
    if errors is not None and "specificity" in errors:
        sentences = sentence_table(notes).groupby("case_id").size()
    notes = notes[["case_id", "note_id", "date"]]
    if cases is not None:
        notes = notes[notes["case_id"].isin(cases["case_id"])]
        codings = codings[codings["note_id"].isin(notes["note_id"])]
    units = coded_units(codings, notes)
    names = list(codes) if codes is not None else sorted(units["code"].unique())
    units = units[units["code"].isin(names)]
    case_ids = pd.Index((notes if cases is None else cases)["case_id"].unique())
    grid = pd.MultiIndex.from_product([case_ids, names], names=["case_id", "code"])

    by = units.groupby(["case_id", "code"])
    table = pd.DataFrame(index=grid)
    table["sentences"] = by.size().reindex(grid, fill_value=0)
    table["notes"] = by["note_id"].nunique().reindex(grid, fill_value=0)
    totals = notes.groupby("case_id").size().reindex(case_ids, fill_value=0)
    table["notes_total"] = totals.reindex(grid.get_level_values("case_id")).to_numpy()
    table["first_date"] = by["date"].min().reindex(grid)
    table["last_date"] = by["date"].max().reindex(grid)
    table["expected"] = expected_sentences(units, grid, scores=scores, errors=errors, sentences=sentences)
    table = table.join(trends(units, notes, grid)).join(phase_counts(units, notes, grid, cases))
    table = _with_share(table.reset_index(), level)
    answers = reflective_adjustment(codings, notes, doubt=doubt, adjustment=adjustment)["reflective"]
    table["reflective"] = table["case_id"].map(answers).astype("boolean")
    rest = [name for name in table.columns if name not in PROFILES]
    return Profiles(table[[*PROFILES, *rest]].astype(PROFILES))


def filter_codings(
    codings: pd.DataFrame,
    *,
    source: str | Iterable[str] | None = None,
    coder: str | Iterable[str] | None = None,
    min_score: float | None = None,
) -> pd.DataFrame:
    """Keep the codings of some sources or coders, or from some score up."""
    keep = np.ones(len(codings), bool)
    for column, wanted in (("source", source), ("coder", coder)):
        if wanted is not None:
            keep &= codings[column].isin([wanted] if isinstance(wanted, str) else list(wanted)).to_numpy()
    if min_score is not None:
        keep &= (codings["score"] >= min_score).to_numpy()
    return codings[keep]


def coded_units(codings: pd.DataFrame, notes: pd.DataFrame) -> pd.DataFrame:
    """Give one row per sentence and code, parents included.

    Returns
    -------
    pandas.DataFrame
        ``case_id, note_id, date, start, end, code, score``; where a sentence carries a code more than
        once, or only through subcodes, the highest score stands. Case and date are the note's own.
    """
    units = codings[["note_id", "start", "end", "code", "score"]]
    levels = [units]
    while (nested := levels[-1]["code"].str.contains("/", regex=False)).any():
        parents = levels[-1][nested].copy()
        parents["code"] = parents["code"].str.rpartition("/")[0]
        levels.append(parents)
    units = pd.concat(levels, ignore_index=True)
    units = units.groupby(["note_id", "start", "end", "code"])["score"].max().reset_index()
    return units.merge(notes[["note_id", "case_id", "date"]], on="note_id")


def _with_share(table: pd.DataFrame, level: float) -> pd.DataFrame:
    totals = table["notes_total"].to_numpy(dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        table["share"] = table["notes"].to_numpy(dtype=float) / totals
    table["low"], table["high"] = wilson_interval(table["notes"], totals, level=level)
    return table
