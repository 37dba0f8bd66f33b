import numpy as np
import pandas as pd
import pytest

from dagbog_nlp.cases.typicality import typicality
from dagbog_nlp.errors import InputError


def make(shares, codes):
    wide = pd.DataFrame(shares, columns=codes).rename_axis(columns="code")
    wide.index = pd.Index([f"S{i}" for i in range(len(wide))], name="case_id")
    return wide.stack().rename("share").reset_index()


RNG = np.random.default_rng(3)
USUAL = RNG.uniform(0.2, 0.4, (12, 4))
USUAL[5] = [0.3, 0.95, 0.3, 0.3]


def test_the_odd_case_is_found_and_so_is_what_makes_it_odd():
    found = typicality(make(USUAL, list("abcd")))
    assert found.index[0] == "S5" and found["p"].iloc[0] == pytest.approx(1 / 12)
    assert next(iter(found["untypical_codes"].iloc[0])) == "b" and found["untypical_codes"].iloc[0]["b"] > 2
    assert found["distance"].is_monotonic_decreasing


def test_a_case_is_measured_against_its_own_group():
    shares = np.vstack([RNG.uniform(0.0, 0.1, (6, 2)), RNG.uniform(0.8, 0.9, (6, 2))])
    shares[0] = 0.85
    cases = pd.DataFrame(
        {"case_id": [f"S{i}" for i in range(12)], "goal_attainment": ["i mål"] * 6 + ["ikke i mål"] * 6}
    )
    found = typicality(make(shares, ["a", "b"]), cases)
    assert found.loc["S0", "group"] == "i mål" and found.loc["S0", "p"] == pytest.approx(1 / 6)
    assert set(found.loc["S0", "nearest"]) <= {f"S{i}" for i in range(6, 12)}


def test_parents_of_profiled_codes_do_not_count_twice():
    shares = np.column_stack([USUAL[:, 0], USUAL[:, 0], USUAL[:, 1]])
    found = typicality(make(shares, ["a", "a/b", "c"]))
    assert set(found["untypical_codes"].iloc[0]) == {"a/b", "c"}


def test_too_few_cases_are_refused():
    with pytest.raises(InputError, match="three"):
        typicality(make(USUAL[:2], list("abcd")))
    with pytest.raises(InputError, match="lack"):
        typicality(make(USUAL, list("abcd")), pd.DataFrame({"case_id": ["S1"]}), by="goal_attainment")
