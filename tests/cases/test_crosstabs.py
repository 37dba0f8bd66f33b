import numpy as np
import pandas as pd
import pytest

from dagbog_nlp.cases.crosstabs import (
    alliance_table,
    effect_table,
    enrolment_table,
    grants_table,
    network_table,
    problem_table,
    severity_table,
    team_table,
)
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import check_cases

CASES = check_cases(
    pd.DataFrame(
        {
            "case_id": list("ABCDEF"),
            "goal_attainment": ["i mål", "i mål", "på vej", "ikke i mål", "i mål", None],
            "severity": ["let", None, "svær", "mellem", "let", "let"],
            "team": ["Sandplay", "Sandplay", "Familier massiv", "Sandplay", "Familier massiv", "Sandplay"],
            "problems": [
                "barnekonflikt",
                "barnekonflikt, barnstruktur",
                "barnstruktur",
                "",
                "barnstruktur",
                "barnekonflikt",
            ],
            "enrolled": ["2019-01-01"] * 6,
            "discharged": ["2019-03-01", "2019-09-01", "2020-06-01", "2019-12-31", None, "2019-02-02"],
            "grants": [1, 1, 3, 12, 2, 1],
            "network_meeting": ["ja", "nej", "nej", None, "ja", "ja"],
        }
    )
)


def test_cases_without_goal_or_category_are_left_out_and_counted():
    assert effect_table(CASES).excluded == 1
    table = severity_table(CASES)
    assert table.excluded == 2 and int(table.counts.to_numpy().sum()) == 4
    assert any("2 sager" in line for line in table.notes("da"))


def test_a_case_counts_in_each_of_its_problem_categories():
    table = problem_table(CASES)
    assert table.counts.loc["barnekonflikt"].tolist() == [2, 0, 0]
    assert table.counts.loc["barnstruktur"].tolist() == [2, 1, 0]
    assert table.percent.loc["barnstruktur"].tolist() == [67, 33, 0]
    assert table.column_totals.tolist() == [3, 1, 0] and table.excluded == 2


def test_teams_are_read_by_row():
    table = team_table(CASES)
    assert table.percent.loc["Sandplay"].tolist() == [67, 0, 33]
    assert table.to_frame().loc["Sandplay", "I alt"] == "3 (100%)"


def test_length_of_enrolment_grants_and_meetings_fall_in_classes():
    length = enrolment_table(CASES)
    assert length.counts.index.tolist() == ["< 6", "6 - <12", "≥ 12"]
    assert length.counts["i mål"].tolist() == [1, 1, 0] and length.counts["ikke i mål"].tolist() == [0, 1, 0]
    assert grants_table(CASES).counts.to_numpy().tolist() == [[2, 0, 0], [1, 1, 1]]
    assert grants_table(CASES, edges=(2, 5)).counts.index.tolist() == ["< 2", "2 - <5", "≥ 5"]
    assert network_table(CASES).counts.to_numpy().tolist() == [[2, 0, 0], [1, 1, 0]]


def test_an_empty_column_has_no_percentage():
    table = severity_table(CASES[CASES["goal_attainment"] != "på vej"])
    assert table.percent["på vej"].isna().all() and table.counts["på vej"].sum() == 0
    assert table.to_frame().loc["Let", "På vej"] == "0"


def test_titles_and_labels_are_danish_and_english():
    table = severity_table(CASES)
    assert table.title == {"da": "Problemgrad fordelt på målopnåelse", "en": "Severity by goal attainment"}
    assert table.to_frame("en").loc["Severe"].index.tolist() == [
        "Goal attained",
        "Under way",
        "Goal not attained",
        "Total",
    ]


def test_every_code_is_tested_and_corrected_for_the_others():
    profiles = pd.DataFrame(
        [(c, k, int(c in "ABE")) for c in "ABCDE" for k in ("x", "y")],
        columns=["case_id", "code", "sentences"],
    )
    table = alliance_table(profiles, CASES)
    assert table.test.index.tolist() == ["x", "y"]
    assert np.allclose(table.test["p_adjusted"], 2 * table.test["p"])
    assert table.test["p"].iloc[0] == pytest.approx(0.1)


def test_a_code_or_team_with_markup_or_a_formula_is_harmless(tmp_path):
    cases = CASES.replace({"team": {"Sandplay": "<script>x</script>", "Familier massiv": "=1+1"}})
    table = team_table(cases)
    for html in (table.to_html(protect=False), table._repr_html_()):
        assert "<script>x" not in html
    table.to_csv(tmp_path / "t.csv", protect=False)
    assert "\n'=1+1;" in (tmp_path / "t.csv").read_text("utf-8-sig")


def test_html_without_great_tables(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "great_tables", None)
    html = severity_table(CASES).to_html(tmp_path / "t.html", protect=False, language="en")
    assert "Severity by goal attainment" in html and (tmp_path / "t.html").read_text("utf-8") == html
    assert [file.name for file in tmp_path.iterdir()] == ["t.html"]


def test_a_picture_is_written_whole(tmp_path):
    team_table(CASES).to_png(tmp_path / "t.png")
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["t.png"]


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="severity"):
        severity_table(CASES.drop(columns="severity"))
    with pytest.raises(InputError, match="no case has"):
        effect_table(CASES.assign(goal_attainment=None))
    with pytest.raises(InputError, match="none of"):
        effect_table(CASES.assign(goal_attainment="I MÅL"))
