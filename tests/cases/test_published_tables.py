"""The 51 cases give tables 2 to 5 of the report figure by figure."""

import pytest

from dagbog_nlp.cases.crosstabs import alliance_table, effect_table, severity_table
from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.cases.reflection import reflection_table
from dagbog_nlp.tables import GOALS, PROFILES, check_cases


@pytest.fixture(scope="module")
def world(published):
    cases, notes, codings = published
    cases = check_cases(cases)
    return cases, profile_cases(codings, notes, cases)


def test_table_2(world):
    table = effect_table(world[0])
    assert list(table.counts.columns) == list(GOALS)
    assert table.counts.loc["sager"].tolist() == [20, 14, 17]
    assert table.percent.loc["sager"].tolist() == [39, 27, 33]
    assert table.to_frame().to_numpy().tolist() == [["20 (39%)", "14 (27%)", "17 (33%)", "51 (100%)"]]


def test_table_3(world):
    table = severity_table(world[0])
    assert list(table.counts.index) == ["svær", "mellem", "let"]
    assert table.counts.to_numpy().tolist() == [[6, 5, 7], [4, 8, 7], [10, 1, 3]]
    assert table.percent.to_numpy().tolist() == [[30, 36, 41], [20, 57, 41], [50, 7, 18]]
    assert table.to_frame().to_numpy().tolist() == [
        ["6 (30%)", "5 (36%)", "7 (41%)", "18 (35%)"],
        ["4 (20%)", "8 (57%)", "7 (41%)", "19 (37%)"],
        ["10 (50%)", "1 (7%)", "3 (18%)", "14 (27%)"],
        ["20 (100%)", "14 (100%)", "17 (100%)", "51 (100%)"],
    ]


def test_table_4(world):
    cases, profiles = world
    families = ["negativ_alliance", "positiv_alliance", "professionel_tvivl", "relationsarbejde"]
    table = alliance_table(profiles, cases, codes=families)
    assert table.counts.to_numpy().tolist() == [[18, 10, 13], [13, 11, 9], [15, 7, 8], [14, 9, 13]]
    assert table.percent.to_numpy().tolist() == [[90, 71, 76], [65, 79, 53], [75, 50, 47], [70, 64, 76]]
    printed = table.to_frame()
    assert printed.index.tolist() == [
        "Negative alliancebeskrivelser",
        "Positive alliancebeskrivelser",
        "Professionel tvivl",
        "Relationsarbejde",
        "I alt",
    ]
    assert printed.loc["I alt", ["I mål", "På vej", "Ikke i mål"]].tolist() == [
        "20 (100%)",
        "14 (100%)",
        "17 (100%)",
    ]


def test_table_5(world):
    cases, profiles = world
    table = reflection_table(profiles, cases, draws=999)
    assert table.cells.to_dict() == {"A": 8, "B": 8, "C": 4, "D": 22, "unplaced": 9}
    assert table.counts.to_numpy().tolist() == [[8, 4, 5], [12, 10, 12]]
    assert (table.fit["placed"], table.fit["of"]) == (42, 51)


def test_table_5_does_not_need_more_than_the_declared_profile_columns(world):
    cases, profiles = world
    plain = profiles[list(PROFILES)]
    assert reflection_table(plain, cases, draws=9).cells.to_dict() == {
        "A": 8,
        "B": 8,
        "C": 4,
        "D": 22,
        "unplaced": 9,
    }


def test_every_figure_has_an_interval_or_a_test(world):
    cases, profiles = world
    for table in (
        effect_table(cases),
        severity_table(cases),
        alliance_table(profiles, cases),
        reflection_table(profiles, cases),
    ):
        share = table.counts / table.of
        assert ((table.low <= share) & (share <= table.high)).all(axis=None)
        assert table.test["p"].between(0, 1).all()
        assert (table.test["p_adjusted"] >= table.test["p"]).all()
        assert (table.test["low"] <= table.test["high"]).all()
