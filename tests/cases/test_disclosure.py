import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from dagbog_nlp.cases.crosstabs import alliance_table, effect_table, problem_table, severity_table, team_table
from dagbog_nlp.cases.disclosure import round_to_base, suppress
from dagbog_nlp.cases.profiles import profile_cases
from dagbog_nlp.cases.reflection import reflection_table
from dagbog_nlp.errors import InputError

GOALS = ["i mål", "på vej", "ikke i mål"]


def attack(shown, complement=None):
    """What a reader can work out: the least and most of every cell, by linear programming.

    `shown` has the totals in its last row and column and NaN where a cell is hidden. The reader knows that
    rows and columns add up, that counts are not negative, and, where rows are cases of a whole
    (`complement`), that no count exceeds it.
    """
    rows, columns = shown.shape
    equal, right = [], []
    for axis, number in ((0, rows), (1, columns)):
        for i in range(number):
            one = np.zeros(shown.shape)
            line = one[i] if axis == 0 else one[:, i]
            line[:-1], line[-1] = 1, -1
            if complement is None or axis == 0:
                equal.append(one.ravel())
                right.append(0.0)
    for cell in np.flatnonzero(~np.isnan(shown.ravel())):
        equal.append(np.eye(shown.size)[cell])
        right.append(shown.ravel()[cell])
    most = np.full(shown.shape, np.inf) if complement is None else np.tile(complement, (rows, 1))
    bounds = [(0, None if np.isinf(top) else top) for top in most.ravel()]
    out = []
    for cell in range(shown.size):
        found = [
            linprog(sign * np.eye(shown.size)[cell], A_eq=equal, b_eq=right, bounds=bounds)
            for sign in (1, -1)
        ]
        out.append(
            [
                sign * f.fun if f.status == 0 else sign * -np.inf
                for sign, f in zip((1, -1), found, strict=True)
            ]
        )
    return np.array(out).reshape(*shown.shape, 2)


def as_printed(table):
    """The numbers of a printed table; NaN where hidden."""
    frame = table.to_frame().drop(columns="p (Holm)", errors="ignore")
    return frame.map(lambda text: np.nan if text == "·" else float(text.split(" ")[0])).to_numpy()


def assert_safe(table, *, complement=None, limit=5):
    protected = table.protected(limit=limit)
    shown = as_printed(protected)
    if complement is not None:
        totals, shown = shown[-1], shown[:-1]
        for row, true in zip(shown, as_printed(table)[:-1], strict=True):
            bounds = attack(np.vstack([row, row]), complement=totals)[0]
            for value, whole, (low, high) in zip(true[:-1], totals, bounds, strict=False):
                if 0 < value < limit or (not np.isnan(whole) and 0 < whole - value < limit):
                    assert high - low >= 1
        return protected
    if shown.shape[0] == 1:
        shown = np.vstack([shown, shown])
    true = as_printed(table)
    bounds = attack(shown)
    for place in np.argwhere((true > 0) & (true < limit)):
        low, high = bounds[tuple(place)]
        assert high - low >= 1, "a small count can be worked out"
    return protected


@settings(max_examples=6, deadline=None)
@given(st.lists(st.lists(st.integers(0, 12), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_small_count_can_be_worked_out(rows):
    counts = np.array(rows)
    kept = suppress(counts)
    bounds = attack(np.where(kept.shown, kept.counts, np.nan))
    small = (kept.counts > 0) & (kept.counts < 5)
    assert not kept.shown[small].any()
    assert ((bounds[..., 1] - bounds[..., 0])[small] >= 1).all()
    low, high = kept.bounds()
    assert np.allclose(low, bounds[..., 0]) and np.allclose(high, bounds[..., 1])


def test_the_attack_would_succeed_without_complementary_suppression():
    full = suppress(np.array([[6, 5, 7], [4, 8, 7], [10, 1, 3]])).counts
    bounds = attack(np.where((full > 0) & (full < 5), np.nan, full))
    assert (bounds[1, 0] == 4).all()


def test_tables_of_the_report_survive_the_attack(published):
    cases, notes, codings = published
    profiles = profile_cases(codings, notes, cases)
    assert_safe(severity_table(cases))
    assert_safe(effect_table(cases))
    assert_safe(alliance_table(profiles, cases), complement=True)
    cells = reflection_table(profiles, cases, draws=9).protected()
    assert cells.cells.isna().sum() >= 2 and cells.counts.isna().all(axis=None)


@pytest.mark.parametrize("seed", range(4))
def test_tables_of_small_groups_survive_the_attack(seed):
    rng = np.random.default_rng(seed)
    cases = pd.DataFrame(
        {
            "case_id": [f"S{i}" for i in range(40)],
            "goal_attainment": rng.choice(GOALS, 40, p=[0.7, 0.2, 0.1]),
            "team": rng.choice(["Sandplay", "Støttet samvær", "Familieværkstedet"], 40, p=[0.6, 0.3, 0.1]),
            "problems": [
                list(rng.choice(["forældrestruktur", "barnekonflikt", "barnstruktur"], 2, replace=False))
                for _ in range(40)
            ],
        }
    )
    assert_safe(team_table(cases))
    assert_safe(problem_table(cases), complement=True)


def test_exports_are_protected_unless_told_otherwise(published, tmp_path):
    table = severity_table(published[0])
    table.to_csv(tmp_path / "a.csv")
    table.to_csv(tmp_path / "b.csv", protect=False)
    assert "1 (7%)" not in (tmp_path / "a.csv").read_text("utf-8-sig")
    assert "1 (7%)" in (tmp_path / "b.csv").read_text("utf-8-sig")
    assert "1 (7%" not in table.to_html() and "1 (7%" in table.to_html(protect=False)


def test_exact_p_values_and_effect_sizes_do_not_leave_with_hidden_counts(published):
    test = severity_table(published[0]).protected().test
    assert test["value"].isna().all() and test["p"].isin([0.001, 0.01, 0.05, 1.0]).all()


def test_rounding_is_to_the_base(published):
    table = severity_table(published[0]).protected(round_to=5)
    assert (table.counts.stack().dropna() % 5 == 0).all() and (table.column_totals.dropna() % 5 == 0).all()
    assert round_to_base(pd.DataFrame({"a": [2, 3]}), 5)["a"].tolist() == [0, 5]


def test_negative_counts_are_refused():
    with pytest.raises(InputError):
        suppress(np.array([[-1, 2]]))
