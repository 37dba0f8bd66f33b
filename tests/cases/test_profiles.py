import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbog_nlp.cases.expected import expected_sentences
from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.errors import InputError
from dagbog_nlp.tables import PROFILES, check_codings

NEGATIVE = "negativ_alliance"
CANCELS = "negativ_alliance/aflyser_aftale"


def make_notes(dates_by_case):
    rows = [
        {
            "case_id": case,
            "note_id": f"{case}-{i}",
            "date": date,
            "text": "Mor kommer. Far går hjem. Vi taler.",
        }
        for case, dates in dates_by_case.items()
        for i, date in enumerate(dates)
    ]
    return pd.DataFrame(rows).assign(date=lambda table: pd.to_datetime(table["date"]))


def make_codings(*rows):
    frame = pd.DataFrame(rows, columns=["note_id", "start", "end", "code"])
    return frame.assign(case_id=frame["note_id"].str.partition("-")[0])


NOTES = make_notes(
    {
        "A": ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"],
        "B": ["2024-01-01", "2024-06-01"],
        "C": ["2024-05-05"],
    }
)
CODINGS = make_codings(
    ("A-0", 0, 11, CANCELS),
    ("A-0", 0, 11, NEGATIVE),
    ("A-0", 12, 25, NEGATIVE),
    ("A-3", 0, 11, CANCELS),
    ("B-1", 0, 11, "professionel_tvivl"),
)


def row(profiles, case, code):
    return profiles[(profiles["case_id"] == case) & (profiles["code"] == code)].iloc[0]


def test_columns_and_dtypes_are_those_declared():
    profiles = profile_cases(CODINGS, NOTES)
    assert list(profiles.columns)[: len(PROFILES)] == list(PROFILES)
    assert {name: str(profiles[name].dtype) for name in PROFILES} == PROFILES


def test_one_row_per_case_and_code_and_a_subcode_counts_as_its_parent():
    profiles = profile_cases(CODINGS, NOTES)
    assert len(profiles) == 3 * 3
    parent, child = row(profiles, "A", NEGATIVE), row(profiles, "A", CANCELS)
    assert (parent["sentences"], parent["notes"]) == (3, 2)
    assert (child["sentences"], child["notes"]) == (2, 2)
    assert (parent["first_date"], parent["last_date"]) == (
        pd.Timestamp("2024-01-01"),
        pd.Timestamp("2024-04-01"),
    )
    nothing = row(profiles, "C", NEGATIVE)
    assert (
        nothing["sentences"] == 0
        and nothing["share"] == 0
        and nothing["high"] > 0.7
        and pd.isna(nothing["first_date"])
    )


def test_a_sentence_counts_once_however_many_coders_marked_it():
    both = pd.concat(
        [
            CODINGS.assign(source="keyword", coder="ord", score=1.0),
            CODINGS.assign(source="classifier", coder="model", score=0.8),
        ]
    )
    pd.testing.assert_series_equal(
        profile_cases(both, NOTES)["sentences"], profile_cases(CODINGS, NOTES)["sentences"]
    )


@pytest.mark.parametrize("source", ["manual", "keyword", "classifier"])
def test_profiles_do_not_depend_on_who_coded(source):
    same = profile_cases(CODINGS.assign(source=source, coder=source), NOTES)
    pd.testing.assert_frame_equal(same, profile_cases(CODINGS, NOTES))


def test_filters_by_source_coder_and_score():
    codings = CODINGS.assign(
        source=["manual"] * 4 + ["classifier"], coder=["anna"] * 4 + ["model"], score=[1, 1, 1, 1, 0.4]
    )
    assert (
        profile_cases(codings, NOTES, source="manual")["sentences"].sum()
        == profile_cases(codings[:4], NOTES)["sentences"].sum()
    )
    assert set(profile_cases(codings, NOTES, coder=["model"])["code"]) == {"professionel_tvivl"}
    assert profile_cases(codings, NOTES, min_score=0.5, codes=["professionel_tvivl"])["sentences"].sum() == 0


def test_cases_decide_which_cases_are_profiled():
    cases = pd.DataFrame({"case_id": ["C", "A", "Z"]})
    profiles = profile_cases(CODINGS, NOTES, cases)
    assert list(profiles["case_id"].unique()) == ["C", "A", "Z"]
    empty = row(profiles, "Z", NEGATIVE)
    assert empty["notes_total"] == 0 and np.isnan(empty["share"])
    assert not profiles["reflective"].isna().loc[profiles["case_id"] == "A"].any()


def test_thirds_of_the_course_follow_the_enrolment():
    profiles = profile_cases(CODINGS, NOTES)
    a = row(profiles, "A", NEGATIVE)
    assert list(a[["first_third", "middle_third", "last_third"]]) == [1, 0, 1]
    assert list(a[["first_third_total", "middle_third_total", "last_third_total"]]) == [1, 2, 1]
    cases = pd.DataFrame(
        {
            "case_id": ["A"],
            "enrolled": pd.to_datetime(["2023-01-01"]),
            "discharged": pd.to_datetime(["2024-04-02"]),
        }
    )
    late = row(profile_cases(CODINGS, NOTES, cases), "A", NEGATIVE)
    assert list(late[["first_third_total", "middle_third_total", "last_third_total"]]) == [0, 0, 4]


def test_wide_has_a_row_per_case_and_a_column_per_code():
    profiles = profile_cases(CODINGS, NOTES)
    wide = profiles.wide()
    assert wide.loc["A", CANCELS] == 2 and wide.loc["B", "professionel_tvivl"] == 1
    assert profiles.wide("notes").loc["A", NEGATIVE] == 2
    assert profiles[profiles["case_id"] == "A"].wide().shape == (1, 3)


def test_phases_are_tidy_with_intervals():
    phases = profile_cases(CODINGS, NOTES).phases()
    assert len(phases) == 27
    known = phases[phases["notes_total"] > 0]
    assert ((known["low"] <= known["share"]) & (known["share"] <= known["high"])).all()


def test_a_case_profile_shows_itself_escaped():
    notes, codings = NOTES.replace({"A": "<b>A"}), CODINGS.replace({"A": "<b>A"})
    shown = profile_cases(codings, notes).case("<b>A")._repr_html_()
    assert "&lt;b&gt;A" in shown and "<b>A" not in shown and "2 af 4" in shown
    with pytest.raises(InputError, match="not among the profiles"):
        profile_cases(CODINGS, NOTES).case("mangler")


def test_trend_falls_and_rises():
    codings = make_codings(
        *[(f"A-{i}", 0, 11, CANCELS) for i in (0, 1)],
        *[(f"A-{i}", 12, 25, "professionel_tvivl") for i in (2, 3)],
    )
    profiles = profile_cases(codings, NOTES)
    assert row(profiles, "A", CANCELS)["trend"] < 0 < row(profiles, "A", "professionel_tvivl")["trend"]
    assert np.isnan(row(profiles, "B", CANCELS)["trend"])


def test_no_coding_at_all_still_gives_the_denominator():
    profiles = profile_cases(CODINGS.iloc[:0], NOTES, codes=[NEGATIVE])
    assert list(profiles["sentences"]) == [0, 0, 0] and list(profiles["notes_total"]) == [4, 2, 1]
    assert not profiles["reflective"].any()


def test_cases_without_any_note_are_profiled_as_unknown():
    none, cases = check_codings(CODINGS, NOTES).iloc[:0], pd.DataFrame({"case_id": ["Z"]})
    profiles = profile_cases(none, NOTES.iloc[:0], cases, codes=[NEGATIVE])
    assert profiles["sentences"].tolist() == [0] and profiles["share"].isna().all()


def test_a_table_that_breaks_its_contract_is_refused():
    with pytest.raises(InputError, match="occurs twice"):
        profile_cases(CODINGS, pd.concat([NOTES, NOTES]))
    with pytest.raises(InputError, match="not among the notes"):
        profile_cases(CODINGS, NOTES[NOTES["case_id"] != "A"])


def test_expected_takes_the_best_knowledge_of_the_error():
    codings = CODINGS.assign(source="classifier", score=[0.9, 0.9, 0.5, 0.7, 0.6])
    assert row(profile_cases(codings, NOTES), "A", NEGATIVE)["expected"] == pytest.approx(0.9 + 0.5 + 0.7)
    scores = pd.DataFrame({"case_id": ["A", "A", "B"], NEGATIVE: [0.9, 0.2, 0.1]})
    assert row(profile_cases(codings, NOTES, scores=scores), "A", NEGATIVE)["expected"] == pytest.approx(1.1)
    errors = pd.DataFrame({"code": [NEGATIVE], "precision": [0.8], "recall": [0.6]})
    assert row(profile_cases(codings, NOTES, errors=errors), "A", NEGATIVE)["expected"] == pytest.approx(
        3 * 0.8 / 0.6
    )
    rates = pd.DataFrame({"sensitivity": [0.9], "specificity": [0.95]}, index=[NEGATIVE])
    corrected = row(profile_cases(codings, NOTES, errors=rates), "A", NEGATIVE)["expected"]
    assert corrected == pytest.approx((3 - 0.05 * 12) / 0.85)


def test_errors_that_tell_nothing_are_refused():
    for rates in (
        {"precision": [1.2], "recall": [0.5]},
        {"sensitivity": [0.4], "specificity": [0.6]},
        {"f1": [0.9]},
    ):
        with pytest.raises(InputError):
            profile_cases(CODINGS, NOTES, errors=pd.DataFrame(rates, index=[NEGATIVE]))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.55, 1), st.floats(0.55, 1), st.integers(1, 500), st.floats(0, 1))
def test_rogan_gladen_undoes_a_known_error(sensitivity, specificity, total, prevalence):
    true = round(prevalence * total)
    seen = true * sensitivity + (total - true) * (1 - specificity)
    units = pd.DataFrame({"case_id": "A", "code": "k", "score": 1.0}, index=range(round(seen)))
    grid = pd.MultiIndex.from_tuples([("A", "k")], names=["case_id", "code"])
    rates = pd.DataFrame({"sensitivity": [sensitivity], "specificity": [specificity]}, index=["k"])
    got = expected_sentences(units, grid, errors=rates, sentences=pd.Series({"A": total}))
    assert got.iloc[0] == pytest.approx(true, abs=0.51 / (sensitivity + specificity - 1))


SPANS = st.tuples(
    st.sampled_from(["A-0", "A-1", "A-3", "B-0", "C-0"]),
    st.sampled_from([0, 12]),
    st.sampled_from(["a", "a/b", "a/c", "d"]),
)


@settings(max_examples=6, deadline=None)
@given(st.lists(SPANS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_profiles_add_up_whatever_the_codings(rows, random):
    codings = make_codings(*[(note, start, start + 10, code) for note, start, code in rows])
    profiles = profile_cases(codings, NOTES)
    shuffled = profile_cases(codings.sample(frac=1, random_state=random.randrange(99)), NOTES)
    pd.testing.assert_frame_equal(profiles, shuffled)
    assert (profiles["notes"] <= profiles["sentences"]).all() and (
        profiles["notes"] <= profiles["notes_total"]
    ).all()
    assert profiles["sentences"].gt(0).equals(profiles["first_date"].notna())
    assert ((profiles["low"] <= profiles["share"]) & (profiles["share"] <= profiles["high"])).all()
    assert (profiles[["first_third", "middle_third", "last_third"]].sum(axis=1) == profiles["notes"]).all()
    wide = profiles.wide()
    if "a" in wide:
        children = [wide[code] for code in ("a/b", "a/c") if code in wide]
        assert all((wide["a"] >= child).all() for child in children)
    distinct = {(note, start, code) for note, start, code in rows}
    assert profiles.loc[profiles["code"].isin(["a/b", "a/c", "d"]), "sentences"].sum() == sum(
        c != "a" for *_, c in distinct
    )
