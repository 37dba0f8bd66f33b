"""How well the cases are documented: discharge assessments, headings, months without a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
import pandas as pd
import srsly

from dagbog_nlp.cases.statistics import wilson_interval
from dagbog_nlp.errors import InputError


@dataclass(frozen=True)
class Documentation:
    """What :func:`documentation_table` found.

    Attributes
    ----------
    summary : pandas.DataFrame
        Indexed by measure: ``cases`` that have the shortcoming, ``of`` how many, ``share`` and its Wilson
        interval ``low`` to ``high``.
    cases : pandas.DataFrame
        Indexed by ``case_id``: ``notes``, ``assessed`` (has a goal attainment), ``undated`` notes,
        ``longest_gap`` (days without a note, enrolment and discharge counted as notes), ``gaps`` (how many
        are longer than the limit), ``empty_months`` (calendar months without a note) and
        ``headings_unused``.
    headings : pandas.DataFrame
        Indexed by heading: ``notes`` and ``cases`` that use it, and the ``share`` of the cases with its
        interval; 0 where it is never used. Headings not on the list stand last, ``listed`` False.
    """

    summary: pd.DataFrame
    cases: pd.DataFrame
    headings: pd.DataFrame

    @property
    def never_used(self) -> list[str]:
        """The headings that no note uses."""
        return list(self.headings.index[self.headings["notes"] == 0])

    def _repr_html_(self) -> str:
        return self.summary.round(3).to_html(border=0) + self.headings.round(3).to_html(border=0)


def documentation_table(
    notes: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    headings: Sequence[str] | str = "2019",
    gap: str | pd.Timedelta = "60D",
) -> Documentation:
    """Find the holes in the documentation.

    Parameters
    ----------
    notes
        ``case_id, note_id, date`` and perhaps ``focus`` (the heading).
    cases
        ``case_id`` and perhaps ``goal_attainment, enrolled, discharged``.
    headings
        The headings in use: a list, or the year of one that ships (``"2018"``, ``"2019"``).
    gap
        The longest time without a note that counts as none, for instance ``"60D"``.

    Returns
    -------
    Documentation

    Raises
    ------
    InputError
        When no list of headings ships for the year.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": ["A", "A"], "note_id": ["1", "2"],
    ...     "date": pd.to_datetime(["2019-01-10", "2019-06-01"]), "focus": ["Samvær", "Netværk"]})
    >>> cases = pd.DataFrame({"case_id": ["A", "B"], "goal_attainment": ["i mål", None]})
    >>> found = documentation_table(notes, cases)
    >>> found.cases.loc["A", ["longest_gap", "empty_months"]].tolist(), len(found.never_used)
    ([142, 4], 12)
    >>> found.summary.loc["without discharge assessment", "cases"].item()
    1
    """
    listed = _listed(headings)
    table = _per_case(notes, cases, listed, pd.Timedelta(gap))
    flags = {
        "without discharge assessment": ~table["assessed"],
        "without notes": table["notes"] == 0,
        "with undated notes": table["undated"] > 0,
        f"with more than {pd.Timedelta(gap).days} days without a note": table["gaps"] > 0,
        "with a calendar month without a note": table["empty_months"] > 0,
    }
    summary = pd.DataFrame({"cases": {name: int(flag.sum()) for name, flag in flags.items()}})
    summary["of"] = len(table)
    return Documentation(
        _with_interval(summary, "cases", "of"), table, _by_heading(notes, cases["case_id"], listed)
    )


def _listed(headings: Sequence[str] | str) -> list[str]:
    if not isinstance(headings, str):
        return list(headings)
    text = (resources.files("dagbog_nlp") / "resources" / "focus_points.yaml").read_text(encoding="utf-8")
    shipped = srsly.yaml_loads(text)
    if headings not in shipped:
        raise InputError(
            f"no list of headings ships for {headings}", fix=f"pass a list, or one of {', '.join(shipped)}"
        )
    return list(shipped[headings])


def _per_case(notes: pd.DataFrame, cases: pd.DataFrame, listed: list[str], gap: pd.Timedelta) -> pd.DataFrame:
    index = pd.Index(cases["case_id"], name="case_id")
    own = notes[notes["case_id"].isin(index)]
    out = pd.DataFrame({"notes": own.groupby("case_id").size()}).reindex(index, fill_value=0)
    assessed = (
        cases["goal_attainment"].notna() if "goal_attainment" in cases else pd.Series(False, cases.index)
    )
    out["assessed"] = assessed.to_numpy()
    out["undated"] = own["date"].isna().groupby(own["case_id"]).sum().reindex(index, fill_value=0)
    marks = [own[["case_id", "date"]]]
    for name in ("enrolled", "discharged"):
        if name in cases:
            marks.append(cases[["case_id", name]].rename(columns={name: "date"}))
    dates = pd.concat(marks).dropna().sort_values(["case_id", "date"])
    between = dates["date"].diff().where(dates["case_id"] == dates["case_id"].shift())
    by_case = between.groupby(dates["case_id"])
    out["longest_gap"] = by_case.max().dt.days.reindex(index).astype("Int64")
    out["gaps"] = (between > gap).groupby(dates["case_id"]).sum().reindex(index, fill_value=0)
    months = dates["date"].dt.year * 12 + dates["date"].dt.month
    course = months.groupby(dates["case_id"]).agg(lambda month: month.max() - month.min() + 1)
    dated = own.dropna(subset="date")
    written = (dated["date"].dt.year * 12 + dated["date"].dt.month).groupby(dated["case_id"]).nunique()
    empty = course.reindex(index, fill_value=0) - written.reindex(index, fill_value=0)
    out["empty_months"] = empty.astype("int64")
    if "focus" in own:
        used = own[own["focus"].isin(listed)].groupby("case_id")["focus"].nunique()
        out["headings_unused"] = len(listed) - used.reindex(index, fill_value=0)
    return out


def _by_heading(notes: pd.DataFrame, case_ids: pd.Series, listed: list[str]) -> pd.DataFrame:
    own = notes[notes["case_id"].isin(case_ids)]
    if "focus" not in own:
        return _with_interval(
            pd.DataFrame({"notes": [], "cases": [], "of": []}, dtype="int64"), "cases", "of"
        )
    by = own.groupby("focus")
    other = [heading for heading in by.size().index if heading not in listed]
    out = pd.DataFrame({"notes": by.size(), "cases": by["case_id"].nunique()})
    out = out.reindex([*listed, *other], fill_value=0)
    out["of"] = case_ids.nunique()
    out["listed"] = out.index.isin(listed)
    return _with_interval(out, "cases", "of")


def _with_interval(table: pd.DataFrame, part: str, whole: str) -> pd.DataFrame:
    table["share"] = table[part] / table[whole].where(table[whole] > 0, np.nan)
    table["low"], table["high"] = wilson_interval(table[part], table[whole])
    return table
