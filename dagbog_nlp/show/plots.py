"""Pictures of a case's profile, its course, and the report's tables (matplotlib, no window needed)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dagbog_nlp.cases.cross_table import CrossTable
from dagbog_nlp.cases.profiles import CaseProfile, Profiles, coded_units
from dagbog_nlp.cases.sequences import ADJUSTMENT, DOUBT, followed_by
from dagbog_nlp.cases.wording import Language, code_labels
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import check_codings

_GREY, _INK = "#8a8a8a", "#222222"
_GOAL_COLOURS = ("#1b7f5c", "#d99a1c", "#b1413a")


class _Course(NamedTuple):
    """The coded sentences of a case, the codes to draw, and the dates of its notes."""

    units: pd.DataFrame
    names: list[str]
    dates: pd.Series


def plot_case(
    profiles: Profiles,
    codings: pd.DataFrame,
    notes: pd.DataFrame,
    case_id: str,
    *,
    language: Language = "da",
    codebook: Codebook | None = None,
) -> Figure:
    """Draw the course of a case and, below it, the share of its notes with each code.

    Parameters
    ----------
    profiles
        As :func:`dagbog_nlp.cases.profiles.profile_cases` gives them.
    codings, notes, case_id, language, codebook
        As for :func:`plot_course`.

    Returns
    -------
    matplotlib.figure.Figure
        ``figure.savefig("sag.png")`` writes it.

    Raises
    ------
    InputError
        When the case has no dated notes, or no code was found in it.

    Examples
    --------
    >>> from dagbog_nlp.cases.profiles import profile_cases
    >>> notes = pd.DataFrame({"case_id": "A", "note_id": ["1", "2"], "text": ["I tvivl om.", "Vi gør om."],
    ...                       "date": pd.to_datetime(["2019-01-10", "2019-02-01"])})
    >>> codings = pd.DataFrame({"case_id": "A", "note_id": ["1", "2"], "start": 0, "end": 10,
    ...                         "code": ["professionel_tvivl", "indsatsjustering"]})
    >>> figure = plot_case(profile_cases(codings, notes), codings, notes, "A")
    >>> figure.axes[0].get_title(loc="left"), figure.axes[1].get_xlabel()
    ('Sag A', 'Andel af sagens 2 notater (95 %-sikkerhedsinterval)')
    """
    profile, book = profiles.case(case_id), codebook or Codebook.load()
    course = _course_of(codings, notes, case_id, None)
    heights = [1.0 + 0.4 * len(course.names), 0.9 + 0.27 * int((profile.table["sentences"] > 0).sum())]
    figure = Figure(figsize=(9, sum(heights)), layout="constrained")
    above, below = figure.subplots(2, height_ratios=heights)
    _draw_course(above, course, book, language, answers=(DOUBT, ADJUSTMENT))
    _draw_profile(below, profile, book, language)
    above.set_title(_case_title(case_id, language), loc="left", fontsize=11, fontweight="bold")
    return figure


def plot_profile(
    profile: CaseProfile, *, language: Language = "da", codebook: Codebook | None = None
) -> Figure:
    """Draw the share of the case's notes with each code found in it, with 95 % intervals.

    Parameters
    ----------
    profile
        As ``profiles.case(case_id)`` gives it.
    language
        ``da`` or ``en``.
    codebook
        Gives labels and colours; the shipped one by default.

    Returns
    -------
    matplotlib.figure.Figure
        Families are bold, their subcodes under them.

    Raises
    ------
    InputError
        When no code was found in the case.

    Examples
    --------
    >>> from dagbog_nlp.cases.profiles import profile_cases
    >>> notes = pd.DataFrame({"case_id": "A", "note_id": ["1", "2"], "text": ["I tvivl om.", "Vi gør om."],
    ...                       "date": pd.to_datetime(["2019-01-10", "2019-02-01"])})
    >>> codings = pd.DataFrame({"case_id": "A", "note_id": ["1", "2"], "start": 0, "end": 10,
    ...                         "code": ["professionel_tvivl", "indsatsjustering"]})
    >>> figure = plot_profile(profile_cases(codings, notes).case("A"), language="en")
    >>> figure.axes[0].get_xlabel()
    "Share of the case's 2 notes (95% confidence interval)"
    """
    found = int((profile.table["sentences"] > 0).sum())
    figure = Figure(figsize=(7.5, 1.3 + 0.27 * found), layout="constrained")
    axes = figure.subplots()
    _draw_profile(axes, profile, codebook or Codebook.load(), language)
    axes.set_title(_case_title(profile.case_id, language), loc="left", fontsize=11, fontweight="bold")
    return figure


def plot_course(
    codings: pd.DataFrame,
    notes: pd.DataFrame,
    case_id: str,
    *,
    codes: Sequence[str] | None = None,
    doubt: str = DOUBT,
    adjustment: str = ADJUSTMENT,
    language: Language = "da",
    codebook: Codebook | None = None,
) -> Figure:
    """Draw when each code occurs in a case, with arrows from a doubt to the adjustment that followed.

    Parameters
    ----------
    codings, notes
        The tables; the case is picked out of them.
    case_id
        The case.
    codes
        One line each; by default the families found in the case. Subcodes count as their parent.
    doubt, adjustment
        The codes that arrows join.
    language
        ``da`` or ``en``.
    codebook
        Gives labels and colours; the shipped one by default.

    Returns
    -------
    matplotlib.figure.Figure
        A dot per note, its area by the number of coded sentences; every note is a tick at the foot.

    Raises
    ------
    InputError
        When the case has no dated notes.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": "A", "note_id": ["1", "2"], "text": ["I tvivl om.", "Vi gør om."],
    ...                       "date": pd.to_datetime(["2019-01-10", "2019-02-01"])})
    >>> codings = pd.DataFrame({"case_id": "A", "note_id": ["1", "2"], "start": 0, "end": 10,
    ...                         "code": ["professionel_tvivl", "indsatsjustering"]})
    >>> figure = plot_course(codings, notes, "A", language="en")
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()]
    ['Professional doubt', 'Adjustment', 'Notes']
    """
    course = _course_of(codings, notes, case_id, codes)
    figure = Figure(figsize=(9, 1.3 + 0.45 * len(course.names)), layout="constrained")
    axes = figure.subplots()
    _draw_course(axes, course, codebook or Codebook.load(), language, answers=(doubt, adjustment))
    axes.set_title(_case_title(case_id, language), loc="left", fontsize=11, fontweight="bold")
    return figure


def plot_table(
    table: CrossTable, *, language: Language = "da", protect: bool = True, limit: int = 5
) -> Figure:
    """Draw the percentages of a table with their 95 % intervals, one colour for each goal.

    Parameters
    ----------
    table
        One of the report's tables.
    language
        ``da`` or ``en``.
    protect, limit
        Small counts are left out, as in the table's exports, unless `protect` is False.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from dagbog_nlp.cases.crosstabs import severity_table
    >>> cases = pd.DataFrame({"goal_attainment": ["i mål", "på vej"] * 10,
    ...                       "severity": ["let"] * 10 + ["svær"] * 10})
    >>> figure = plot_table(severity_table(cases), language="en")
    >>> figure.axes[0].get_title(loc="left")
    'Severity by goal attainment'
    """
    table = table.protected(limit=limit) if protect else table
    share = (table.counts / table.of).to_numpy(dtype=float, na_value=np.nan)
    low, high = table.low.to_numpy(), table.high.to_numpy()
    figure = Figure(figsize=(7.5, 1.6 + 0.62 * len(share)), layout="constrained")
    axes = figure.subplots()
    for j, (goal, colour) in enumerate(zip(table.counts.columns, _GOAL_COLOURS, strict=True)):
        places = np.arange(len(share)) + 0.22 * (j - 1)
        axes.hlines(places, low[:, j], high[:, j], color=colour, alpha=0.45, linewidth=3)
        axes.plot(share[:, j], places, "o", color=colour, clip_on=False, label=table.labels[goal][language])
    names = [
        table.labels[name][language] if name in table.labels else str(name) for name in table.counts.index
    ]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    _percent_axis(axes)
    axes.set_title(table.title[language], loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(
        {"da": "Andel (95 %-sikkerhedsinterval)", "en": "Share (95% confidence interval)"}[language],
        fontsize=9,
    )
    figure.legend(loc="outside upper right", ncols=3, frameon=False, fontsize=9)
    figure.supxlabel("\n".join(table.notes(language)), fontsize=7, color=_GREY, x=0.01, ha="left")
    return figure


def _draw_profile(axes: Axes, profile: CaseProfile, book: Codebook, language: Language) -> None:
    rows = profile.table[profile.table["sentences"] > 0].reset_index(drop=True)
    if rows.empty:
        raise InputError("no code was found in the case", case_id=profile.case_id, fix="choose another case")
    places = np.arange(len(rows))
    for place, row, colour in zip(places, rows.itertuples(), _colours(rows["code"], book), strict=True):
        axes.plot([row.low, row.high], [place, place], color=colour, alpha=0.45, linewidth=3)
        size = 4 if "/" in row.code else 6
        axes.plot(row.share, place, "o", color=colour, clip_on=False, markersize=size)
    axes.set_yticks(places, _labels(rows["code"], book, language))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _percent_axis(axes)
    for tick, code in zip(axes.get_yticklabels(), rows["code"], strict=True):
        tick.set_fontweight("normal" if "/" in code else "bold")
    notes = int(rows["notes_total"].iloc[0])
    words = {
        "da": f"Andel af sagens {notes} notater (95 %-sikkerhedsinterval)",
        "en": f"Share of the case's {notes} notes (95% confidence interval)",
    }
    axes.set_xlabel(words[language], fontsize=9)


def _course_of(
    codings: pd.DataFrame, notes: pd.DataFrame, case_id: str, codes: Sequence[str] | None
) -> _Course:
    own = notes[(notes["case_id"] == case_id) & notes["date"].notna()]
    if own.empty:
        raise InputError("the case has no dated notes", case_id=case_id, fix="choose another case")
    units = coded_units(check_codings(codings[codings["note_id"].isin(own["note_id"])]), own)
    found = [code for code in units["code"].unique() if "/" not in code]
    return _Course(units, found if codes is None else list(codes), own["date"])


def _draw_course(
    axes: Axes,
    course: _Course,
    book: Codebook,
    language: Language,
    *,
    answers: tuple[str, str],
) -> None:
    units, names, dates = course
    for line, (name, colour) in enumerate(zip(names, _colours(names, book), strict=True)):
        counts = units[units["code"] == name].groupby("date").size()
        axes.axhline(line, color="#e4e4e4", linewidth=1, zorder=0)
        axes.scatter(
            counts.index, np.full(len(counts), line), s=45 * counts.to_numpy(), color=colour, alpha=0.8
        )
    if set(answers) <= set(names):
        doubt, adjustment = (names.index(name) for name in answers)
        for pair in followed_by(units, *answers, permutations=0).pairs.itertuples():
            style = {
                "arrowstyle": "->",
                "color": _INK,
                "linewidth": 1,
                "alpha": 0.7,
                "shrinkA": 5,
                "shrinkB": 5,
            }
            start, end = (pair.date_first, doubt), (pair.date_then, adjustment)
            axes.annotate("", xy=end, xytext=start, arrowprops=style)
    foot = len(names) - 0.4
    axes.plot(dates, np.full(len(dates), foot), "|", color=_INK, markersize=8)
    words = {"da": "Notater", "en": "Notes"}
    axes.set_yticks([*range(len(names)), foot], [*_labels(names, book, language), words[language]])
    axes.set_ylim(len(names), -0.6)
    axes.tick_params(labelsize=9)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _case_title(case_id: str, language: Language) -> str:
    return f"{'Sag' if language == 'da' else 'Case'} {case_id}"


def _percent_axis(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="x", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=9, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _labels(codes: Sequence[str] | pd.Series, book: Codebook, language: Language) -> list[str]:
    known = code_labels(codes, book)
    return [known[code][language] if code in known else code for code in codes]


def _colours(codes: Sequence[str] | pd.Series, book: Codebook) -> list[str]:
    known = {code.path: code.colour for code in book.codes}
    return [known.get(code, _GREY) for code in codes]
