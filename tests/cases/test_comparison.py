import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dagbog_nlp.cases.comparison import compare, compare_cases
from dagbog_nlp.errors import InputError


def profiles_of(shares, code="tvivl", prefix="S"):
    return pd.DataFrame(
        {
            "case_id": [f"{prefix}{i}" for i in range(len(shares))],
            "code": code,
            "sentences": [int(share > 0) for share in shares],
            "share": np.array(shares, float),
        }
    )


def test_the_case_share_is_tested_as_scipy_does():
    found = compare(profiles_of([0.5] * 12 + [0] * 8), profiles_of([0.5] * 18 + [0] * 2)).loc["tvivl"]
    assert found["p"] == pytest.approx(stats.fisher_exact([[12, 8], [18, 2]])[1])
    assert found["difference"] == pytest.approx(0.3)
    assert found["low"] < 0.3 < found["high"]


def test_mean_share_of_notes_has_an_interval_and_a_permutation_test():
    rng = np.random.default_rng(0)
    a, b = rng.uniform(0, 0.5, 30), rng.uniform(0.3, 0.9, 25)
    found = compare(profiles_of(a), profiles_of(b)).loc["tvivl"]
    assert found["notes_difference"] == pytest.approx(b.mean() - a.mean())
    reference = stats.bootstrap(
        (b, a), lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis), method="percentile", rng=1
    )
    assert np.allclose([found["notes_low"], found["notes_high"]], reference.confidence_interval, atol=0.02)
    assert found["notes_p"] < 0.001


def test_many_codes_without_a_difference_give_no_finding():
    rng = np.random.default_rng(4)
    sides = [
        pd.concat([profiles_of(rng.uniform(0, 1, 75) * (rng.random(75) < 0.5), f"k{j}") for j in range(30)])
        for _ in range(2)
    ]
    found = compare(*sides)
    assert (found["p"] < 0.05).sum() <= 4
    assert not (found["p_adjusted"] < 0.05).any() and not (found["notes_p_adjusted"] < 0.05).any()


def test_before_and_after_matches_the_cases():
    before = profiles_of([0.0] * 10 + [0.5] * 2)
    after = profiles_of([0.4] * 10 + [0.5] * 2).sample(frac=1, random_state=1)
    found = compare(before, after, paired=True).loc["tvivl"]
    assert found["p"] == pytest.approx(stats.binomtest(10, 10).pvalue)
    assert found["notes_difference"] == pytest.approx(10 * 0.4 / 12)
    with pytest.raises(InputError):
        compare(before, profiles_of([1.0], prefix="T"), paired=True)


def test_a_code_that_only_one_group_has_counts_as_zero_in_the_other():
    found = compare(
        pd.concat([profiles_of([0.5, 0.5]), profiles_of([0.1, 0.2], "kun_a")]), profiles_of([0.5, 0.5])
    )
    assert found.loc["kun_a", ["cases_a", "cases_b"]].tolist() == [2, 0]


def test_the_same_seed_gives_the_same_figures():
    a, b = profiles_of([0.1, 0.4, 0.3, 0.9]), profiles_of([0.5, 0.6, 0.0])
    pd.testing.assert_frame_equal(compare(a, b, seed=7), compare(a, b, seed=7))


def test_cases_of_two_years():
    a = pd.DataFrame(
        {"case_id": range(4), "goal_attainment": ["i mål", "på vej", None, None], "grants": [1, 2, 3, 4]}
    )
    b = pd.DataFrame({"case_id": range(4), "goal_attainment": ["i mål"] * 4, "grants": [1, 1, 1, 1]})
    dates = {"enrolled": pd.Timestamp("2019-01-01"), "discharged": pd.Timestamp("2019-07-01")}
    found = compare_cases(a.assign(**dates), b.assign(**dates))
    assert found.loc["assessed", ["a", "b"]].tolist() == [0.5, 1.0]
    assert found.loc["goal_attainment: i mål", ["of_a", "of_b"]].tolist() == [2, 4]
    assert found.loc["grants", "difference"] == -1.5 and found.loc["days_enrolled", "difference"] == 0
    assert ((found["low"] <= found["difference"]) & (found["difference"] <= found["high"])).all()
