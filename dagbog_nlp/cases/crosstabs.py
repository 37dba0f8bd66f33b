"""The report's tables from case data: effect, severity, alliance, problems, teams, enrolment, grants."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from dagbog_nlp.cases.cross_table import CrossTable, make_table
from dagbog_nlp.cases.wording import code_labels
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import GOALS, SEVERITIES


def effect_table(cases: pd.DataFrame) -> CrossTable:
    """Count the cases by goal attainment (table 2 of the report).

    Parameters
    ----------
    cases
        Needs ``goal_attainment``; cases where it is blank are left out and counted.

    Returns
    -------
    CrossTable
        One row, ``sager``; percentages of all assessed cases.

    Raises
    ------
    InputError
        When the column is missing, blank in all cases, or has another word in it.

    Examples
    --------
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål"] * 20 + ["på vej"] * 14 + ["ikke i mål"] * 17})
    >>> effect_table(cases).percent.loc["sager"].tolist()
    [39, 27, 33]
    """
    known, excluded = assessed(cases)
    counts = pd.DataFrame([known["goal_attainment"].value_counts()], index=["sager"])
    return make_table(_by_goal(counts), key="effect", base="all", excluded=excluded)


def severity_table(cases: pd.DataFrame) -> CrossTable:
    """Count the cases by severity and goal attainment (table 3); index svær, mellem, let.

    Parameters
    ----------
    cases
        Needs ``goal_attainment`` and ``severity``.

    Examples
    --------
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål", "i mål", "ikke i mål"],
    ...                       "severity": ["svær", "let", "svær"]})
    >>> severity_table(cases).counts.loc["svær"].to_dict()
    {'i mål': 1, 'på vej': 0, 'ikke i mål': 1}
    """
    known, excluded = assessed(cases, "severity")
    return make_table(_counted(known, "severity", SEVERITIES[::-1]), key="severity", excluded=excluded)


def alliance_table(
    profiles: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    codes: Sequence[str] | None = None,
    codebook: Codebook | None = None,
) -> CrossTable:
    """Count the cases with at least one coding of each code, by goal attainment (table 4).

    Parameters
    ----------
    profiles
        ``case_id, code, sentences``, as :func:`dagbog_nlp.cases.profiles.profile_cases` gives them.
    cases
        Needs ``case_id`` and ``goal_attainment``; a case without profiles has no coding.
    codes
        Code paths in order; by default the families of the profiles, without their subcodes.
    codebook
        Gives the codes their labels; the shipped one by default.

    Returns
    -------
    CrossTable
        One row per code path; percentages of the goal's cases. Each code is tested on its own, with Holm's
        correction over the codes.

    Examples
    --------
    >>> profiles = pd.DataFrame({"case_id": ["A", "B"], "code": "professionel_tvivl", "sentences": [2, 0]})
    >>> cases = pd.DataFrame({"case_id": ["A", "B"], "goal_attainment": ["i mål", "på vej"]})
    >>> alliance_table(profiles, cases).counts.loc["professionel_tvivl"].tolist()
    [1, 0, 0]
    """
    known, excluded = assessed(cases)
    chosen = families(profiles) if codes is None else list(codes)
    coded = profiles[(profiles["sentences"] > 0) & profiles["code"].isin(chosen)]
    goal = known.set_index("case_id")["goal_attainment"]
    coded = coded[["case_id", "code"]].drop_duplicates()
    coded = coded.assign(goal=coded["case_id"].map(goal)).dropna(subset="goal")
    counts = pd.crosstab(coded["code"], coded["goal"]).reindex(chosen, fill_value=0)
    return make_table(
        _by_goal(counts),
        key="alliance",
        column_totals=goal.value_counts().reindex(list(GOALS), fill_value=0),
        labels=code_labels(chosen, codebook),
        excluded=excluded,
    )


def families(profiles: pd.DataFrame) -> list[str]:
    """Give the codes of the profiles that are nobody's subcode, in the order they stand there."""
    return [code for code in profiles["code"].unique() if "/" not in code]


def problem_table(cases: pd.DataFrame) -> CrossTable:
    """Count the cases by problem category and goal attainment; a case may have several.

    Parameters
    ----------
    cases
        Needs ``goal_attainment`` and ``problems`` (a list per case).

    Returns
    -------
    CrossTable
        Percentages of the category's cases, so that a row reads as its attainment.

    Examples
    --------
    >>> cases = pd.DataFrame({"case_id": ["A", "B"], "goal_attainment": ["i mål", "på vej"],
    ...                       "problems": [["skole", "netværk"], ["skole"]]})
    >>> problem_table(cases).percent.loc["skole"].tolist()
    [50, 50, 0]
    """
    _need(cases, "problems")
    listed = cases.assign(problems=cases["problems"].map(lambda values: values if len(values) else np.nan))
    known, excluded = assessed(listed, "problems")
    single = known.explode("problems").drop_duplicates(["case_id", "problems"])
    counts = pd.crosstab(single["problems"], single["goal_attainment"])
    totals = known["goal_attainment"].value_counts().reindex(list(GOALS), fill_value=0)
    return make_table(_by_goal(counts), key="problem", base="row", column_totals=totals, excluded=excluded)


def team_table(cases: pd.DataFrame, *, seed: int = 0) -> CrossTable:
    """Count the cases by team and goal attainment; percentages of the team's cases.

    Parameters
    ----------
    cases
        Needs ``goal_attainment`` and ``team``.
    seed
        Of the simulated p-value that many teams call for.

    Examples
    --------
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål", "i mål", "ikke i mål"],
    ...                       "team": ["Nord", "Nord", "Syd"]})
    >>> team_table(cases).percent.loc["Nord"].tolist()
    [100, 0, 0]
    """
    known, excluded = assessed(cases, "team")
    teams = sorted(known["team"].unique())
    return make_table(_counted(known, "team", teams), key="team", base="row", excluded=excluded, seed=seed)


def enrolment_table(cases: pd.DataFrame, *, months: Sequence[float] = (6, 12)) -> CrossTable:
    """Count the cases by months enrolled and goal attainment.

    Parameters
    ----------
    cases
        Needs ``goal_attainment``, ``enrolled`` and ``discharged``.
    months
        Where one class ends and the next begins.

    Examples
    --------
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål", "i mål", "ikke i mål"],
    ...                       "enrolled": pd.to_datetime(["2019-01-01"] * 3),
    ...                       "discharged": pd.to_datetime(["2019-04-01", "2019-10-01", "2020-06-01"])})
    >>> enrolment_table(cases).counts["i mål"].to_dict()
    {'< 6': 1, '6 - <12': 1, '≥ 12': 0}
    """
    _need(cases, "enrolled", "discharged")
    length = (cases["discharged"] - cases["enrolled"]).dt.days / 30.4375
    known, excluded = assessed(cases.assign(klasse=_classes(length, months)), "klasse")
    return make_table(_counted(known, "klasse", _class_names(months)), key="enrolment", excluded=excluded)


def grants_table(cases: pd.DataFrame, *, edges: Sequence[int] = (2,)) -> CrossTable:
    """Count the cases by number of grants and goal attainment; by default one grant against several.

    Parameters
    ----------
    cases
        Needs ``goal_attainment`` and ``grants``.
    edges
        The numbers with which a new class begins.

    Examples
    --------
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål", "i mål", "ikke i mål"],
    ...                       "grants": [1, 3, 2]})
    >>> grants_table(cases).counts.loc["≥ 2"].tolist()
    [1, 0, 1]
    """
    _need(cases, "grants")
    classes = _classes(cases["grants"].astype("Float64"), edges)
    known, excluded = assessed(cases.assign(klasse=classes), "klasse")
    return make_table(_counted(known, "klasse", _class_names(edges)), key="grants", excluded=excluded)


def network_table(cases: pd.DataFrame) -> CrossTable:
    """Count the cases with and without a network meeting by goal attainment.

    Parameters
    ----------
    cases
        Needs ``goal_attainment`` and ``network_meeting``.

    Examples
    --------
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål", "i mål", "ikke i mål"],
    ...                       "network_meeting": [True, None, False]})
    >>> table = network_table(cases)
    >>> table.counts["i mål"].to_dict(), table.excluded
    ({'ja': 1, 'nej': 0}, 1)
    """
    _need(cases, "network_meeting")
    answers = cases["network_meeting"].map({True: "ja", False: "nej"}, na_action="ignore")
    known, excluded = assessed(cases.assign(klasse=answers), "klasse")
    return make_table(_counted(known, "klasse", ["ja", "nej"]), key="network", excluded=excluded)


def _classes(values: pd.Series, edges: Sequence[float]) -> pd.Series:
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    names = np.array(_class_names(edges), dtype=object)
    placed = names[np.searchsorted(np.asarray(edges, float), np.nan_to_num(numbers), side="right")]
    return pd.Series(np.where(np.isnan(numbers), None, placed), index=values.index, dtype="object")


def _class_names(edges: Sequence[float]) -> list[str]:
    between = [f"{low:g} - <{high:g}" for low, high in pairwise(edges)]
    return [f"< {edges[0]:g}", *between, f"≥ {edges[-1]:g}"]


def assessed(cases: pd.DataFrame, *also: str) -> tuple[pd.DataFrame, int]:
    """Keep the cases with a goal attainment and the further columns, and count the others."""
    _need(cases, "goal_attainment", *also)
    known = cases.dropna(subset=["goal_attainment", *also])
    if known.empty:
        raise InputError(
            f"no case has {' and '.join(('goal_attainment', *also))}", fix="fill the column(s) in"
        )
    for column, allowed in (("goal_attainment", GOALS), ("severity", SEVERITIES)):
        if column in ("goal_attainment", *also) and not known[column].isin(allowed).all():
            raise InputError(f"{column} is none of {', '.join(allowed)}", fix="correct it, or use read_cases")
    return known, len(cases) - len(known)


def _need(cases: pd.DataFrame, *names: str) -> None:
    missing = [name for name in names if name not in cases]
    if missing:
        raise InputError(f"the cases lack the column(s) {', '.join(missing)}", fix="add them, or read_cases")


def _counted(known: pd.DataFrame, column: str, order: Sequence[Any]) -> pd.DataFrame:
    counts = pd.crosstab(known[column], known["goal_attainment"]).reindex(list(order), fill_value=0)
    return _by_goal(counts)


def _by_goal(counts: pd.DataFrame) -> pd.DataFrame:
    out = counts.reindex(columns=list(GOALS), fill_value=0).fillna(0)
    return out.rename_axis(index=None, columns=None)
