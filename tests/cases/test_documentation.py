import pandas as pd
import pytest

from dagbog_nlp.cases.documentation import documentation_table
from dagbog_nlp.errors import InputError

NOTES = pd.DataFrame(
    {
        "case_id": ["A", "A", "A", "B", "Q"],
        "note_id": list("12345"),
        "date": pd.to_datetime(["2019-01-10", "2019-02-10", None, "2019-05-01", "2019-01-01"]),
        "focus": ["Samvær", "Netværk", "Samvær", "Hjemmelavet", "Samvær"],
    }
)
CASES = pd.DataFrame(
    {
        "case_id": ["A", "B", "C"],
        "goal_attainment": ["i mål", None, None],
        "enrolled": pd.to_datetime(["2019-01-01", "2019-01-01", "2019-01-01"]),
        "discharged": pd.to_datetime(["2019-03-01", "2019-06-01", None]),
    }
)


def test_holes_are_counted_by_case():
    found = documentation_table(NOTES, CASES)
    assert found.summary.loc["without discharge assessment", ["cases", "of"]].tolist() == [2, 3]
    assert found.summary.loc["without notes", "cases"] == 1
    assert found.cases.loc["A", ["notes", "undated", "longest_gap", "gaps", "empty_months"]].tolist() == [
        3,
        1,
        31,
        0,
        1,
    ]
    assert found.cases.loc["B", ["longest_gap", "gaps", "empty_months"]].tolist() == [120, 1, 5]
    assert (
        (found.summary["low"] <= found.summary["share"]) & (found.summary["share"] <= found.summary["high"])
    ).all()


def test_headings_never_used_and_not_listed():
    found = documentation_table(NOTES, CASES)
    assert "Familieforhold" in found.never_used and "Samvær" not in found.never_used
    assert found.headings.loc["Samvær", ["notes", "cases"]].tolist() == [2, 1]
    assert not found.headings.loc["Hjemmelavet", "listed"]
    assert len(documentation_table(NOTES, CASES, headings="2018").never_used) == 11
    assert documentation_table(NOTES, CASES, headings=["Samvær"]).never_used == []
    with pytest.raises(InputError, match="2018"):
        documentation_table(NOTES, CASES, headings="1999")


def test_it_shows_itself_and_works_without_headings_and_dates_of_enrolment():
    found = documentation_table(NOTES.drop(columns="focus"), CASES[["case_id"]])
    assert found.summary.loc["without discharge assessment", "cases"] == 3
    assert "without notes" in found._repr_html_() and found.headings.empty
