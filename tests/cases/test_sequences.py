import pandas as pd
import pytest

from dagbog_nlp.cases.sequences import followed_by, reflective_adjustment
from dagbog_nlp.errors import InputError

DOUBT, ADJUSTMENT = "professionel_tvivl", "indsatsjustering"


def make(*rows):
    table = pd.DataFrame(rows, columns=["note_id", "date", "start", "code"])
    table["case_id"] = table["note_id"].str[0]
    table["end"] = table["start"] + 10
    table["date"] = pd.to_datetime(table["date"])
    return table


def answered(*rows, **options):
    return reflective_adjustment(make(*rows), **options)["reflective"].iloc[0]


def test_an_adjustment_answers_in_the_same_note_or_later_never_before():
    assert answered(("A1", "2024-01-01", 0, DOUBT), ("A2", "2024-02-01", 0, ADJUSTMENT))
    assert answered(("A1", "2024-01-01", 0, DOUBT), ("A1", "2024-01-01", 20, f"{ADJUSTMENT}/indsats"))
    assert answered(("A1", "2024-01-01", 0, DOUBT), ("A2", "2024-01-01", 0, ADJUSTMENT))
    assert not answered(("A1", "2024-01-01", 20, DOUBT), ("A1", "2024-01-01", 0, ADJUSTMENT))
    assert not answered(("A1", "2024-02-01", 0, DOUBT), ("A2", "2024-01-01", 0, ADJUSTMENT))
    assert not answered(("A1", "2024-02-01", 0, DOUBT), ("B2", "2024-03-01", 0, ADJUSTMENT))


def test_within_limits_the_lag():
    rows = (("A1", "2024-01-01", 0, DOUBT), ("A2", "2024-03-31", 0, ADJUSTMENT))
    assert answered(*rows, within="90D")
    assert not answered(*rows, within="89D")


def test_each_doubt_is_paired_with_the_first_answer():
    found = followed_by(
        make(
            ("A1", "2024-01-01", 0, DOUBT),
            ("A1", "2024-01-01", 50, DOUBT),
            ("A2", "2024-02-01", 0, ADJUSTMENT),
            ("A3", "2024-03-01", 0, ADJUSTMENT),
            ("A4", "2024-04-01", 0, DOUBT),
        ),
        DOUBT,
        ADJUSTMENT,
    )
    assert found.pairs[["start_first", "note_id_then", "lag"]].values.tolist() == [
        [0, "A2", 31],
        [50, "A2", 31],
    ]
    assert found.cases.loc["A"].to_dict() == {"first": 3, "then": 2, "answered": 2}
    assert found.chance.loc["codings", "observed"] == 2 and found.chance.loc["cases", "of"] == 1


def test_the_same_seed_gives_the_same_baseline_and_another_does_not_change_what_was_found():
    codings = make(*[(f"A{i}", f"2024-0{i + 1}-01", 0, DOUBT if i % 2 else ADJUSTMENT) for i in range(6)])
    one, two, other = (followed_by(codings, DOUBT, ADJUSTMENT, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one.chance, two.chance)
    pd.testing.assert_frame_equal(one.pairs, other.pairs)


def test_the_baseline_of_one_doubt_and_one_answer_is_a_coin():
    codings = make(("A1", "2024-01-01", 0, DOUBT), ("A2", "2024-02-01", 0, ADJUSTMENT))
    chance = followed_by(codings, DOUBT, ADJUSTMENT, permutations=2000).chance.loc["codings"]
    assert chance["by_chance"] == pytest.approx(0.5, abs=0.05)
    assert chance["p"] == pytest.approx(0.5, abs=0.05)


def test_many_cases_in_order_beat_chance():
    rows = [
        row
        for c in "ABCDEFGHIJ"
        for row in ((f"{c}1", "2024-01-01", 0, DOUBT), (f"{c}2", "2024-02-01", 0, ADJUSTMENT))
    ]
    assert followed_by(make(*rows), DOUBT, ADJUSTMENT).chance.loc["codings", "p"] < 0.01


def test_notes_bring_in_the_cases_without_a_coding():
    notes = pd.DataFrame(
        {"case_id": ["A", "Z"], "note_id": ["A1", "Z1"], "date": pd.to_datetime(["2024-01-01"] * 2)}
    )
    table = reflective_adjustment(make(("A1", "2024-01-01", 0, DOUBT)), notes)
    assert not table.loc["Z", "reflective"] and table.loc["A", "doubts"] == 1


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="date"):
        followed_by(
            pd.DataFrame({"case_id": [], "note_id": [], "start": [], "end": [], "code": []}),
            DOUBT,
            ADJUSTMENT,
        )
