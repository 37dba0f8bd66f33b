import io

import pandas as pd
import pytest

from dagbog_nlp.cases.crosstabs import alliance_table, severity_table
from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.errors import InputError
from dagbog_nlp.show.plots import plot_case, plot_course, plot_profile, plot_table

NOTES = pd.DataFrame(
    {
        "case_id": ["S1", "S1", "S1", "S2"],
        "note_id": ["N1", "N2", "N3", "N4"],
        "date": pd.to_datetime(["2024-01-08", "2024-02-05", "2024-03-04", None]),
        "text": "Mor aflyser. Vi er i tvivl. Fra nu af kommer vi hver uge.",
    }
)
CODINGS = pd.DataFrame(
    [
        ("S1", "N1", 0, 12, "negativ_alliance/aflyser_aftale"),
        ("S1", "N1", 13, 28, "professionel_tvivl"),
        ("S1", "N2", 29, 57, "indsatsjustering/indsats"),
        ("S1", "N3", 0, 12, "egen_kode"),
    ],
    columns=["case_id", "note_id", "start", "end", "code"],
)
CASES = pd.DataFrame(
    {"case_id": ["S1", "S2"], "goal_attainment": ["i mål", "ikke i mål"], "severity": ["let", "svær"]}
)


def texts(figure):
    figure.savefig(io.BytesIO(), format="png")
    axes = figure.axes[0]
    return [label.get_text() for label in axes.get_yticklabels()], axes.get_title(loc="left")


def test_a_profile_has_a_line_per_code_found():
    labels, title = texts(plot_profile(profile_cases(CODINGS, NOTES).case("S1")))
    assert title == "Sag S1" and len(labels) == 6
    assert "Aflyser aftale" in labels and "egen_kode" in labels
    with pytest.raises(InputError, match="no code"):
        plot_profile(profile_cases(CODINGS, NOTES).case("S2"))


def test_the_course_joins_the_doubt_to_its_adjustment():
    figure = plot_course(CODINGS, NOTES, "S1", language="en")
    labels, title = texts(figure)
    assert title == "Case S1" and labels[-1] == "Notes" and "Professional doubt" in labels
    arrows = [text for text in figure.axes[0].texts if text.arrow_patch is not None]
    assert len(arrows) == 1
    with pytest.raises(InputError, match="no dated notes"):
        plot_course(CODINGS, NOTES, "S2")


def test_a_table_is_drawn_without_small_counts():
    table = severity_table(CASES)
    shown = [line.get_xdata() for line in plot_table(table, protect=False).axes[0].lines]
    hidden = [line.get_xdata() for line in plot_table(table).axes[0].lines]
    assert max(map(max, shown)) == 1.0
    assert not any(value == 1.0 for line in hidden for value in line)


def test_words_are_in_the_language_asked_for():
    table = alliance_table(profile_cases(CODINGS, NOTES), CASES)
    labels, title = texts(plot_table(table, language="en", protect=False))
    assert title == "Dimensions of professional alliance by goal attainment" and "Adjustment" in labels


def test_a_case_has_its_course_above_its_profile():
    figure = plot_case(profile_cases(CODINGS, NOTES), CODINGS, NOTES, "S1")
    figure.savefig(io.BytesIO(), format="png")
    assert [len(axes.get_yticks()) for axes in figure.axes] == [5, 6]
