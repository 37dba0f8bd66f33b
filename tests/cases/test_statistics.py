from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dagbog_nlp.cases.course import mann_kendall
from dagbog_nlp.cases.resampling import permute_difference
from dagbog_nlp.cases.statistics import (
    cramers_v,
    exact_test,
    holm,
    newcombe_interval,
    round_half_up,
    wilson_interval,
)


@given(st.integers(0, 60), st.integers(1, 60), st.sampled_from([0.9, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_wilson_is_that_of_scipy(k, n, level):
    k = min(k, n)
    reference = stats.binomtest(k, n).proportion_ci(level, method="wilson")
    assert np.allclose(wilson_interval(k, n, level=level), reference, atol=1e-9)


def test_wilson_of_nothing_is_nan():
    assert np.isnan(wilson_interval(0, 0)).all()


@pytest.mark.parametrize(
    ("a", "n_a", "b", "n_b", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        (48, 80, 56, 70, 0.0524, 0.3339),
        (3, 10, 9, 10, 0.1705, 0.8090),
        (2, 7, 6, 7, 0.0582, 0.8062),
        (0, 29, 5, 56, -0.0381, 0.1926),
        (0, 20, 0, 10, -0.1611, 0.2775),
        (0, 10, 10, 10, 0.6075, 1.0),
    ],
)
def test_newcombe_gives_the_published_examples(a, n_a, b, n_b, low, high):
    assert np.allclose(newcombe_interval(a, n_a, b, n_b), (low, high), atol=6e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_holm_is_the_closure_of_bonferroni(p):
    """Marcus, Peritz and Gabriel 1976: a hypothesis falls when every intersection that holds it falls."""
    sets = [s for size in range(1, len(p) + 1) for s in combinations(range(len(p)), size)]
    closed = [max(min(1, len(s) * min(p[j] for j in s)) for s in sets if i in s) for i in range(len(p))]
    assert np.allclose(holm(p), closed)


def test_holm_leaves_out_tests_that_were_not_made():
    assert np.allclose(holm([0.01, np.nan, 0.02]), [0.02, np.nan, 0.02], equal_nan=True)


def by_brute_force(table):
    """Fisher-Freeman-Halton from the definition: all tables cell by cell."""
    table = np.asarray(table)
    rows, columns = table.sum(1), table.sum(0)
    total = 0.0
    inner = [range(min(r, c) + 1) for r in rows[:-1] for c in columns[:-1]]
    seen = stats.random_table(rows, columns).pmf(table)
    for cells in product(*inner):
        full = np.zeros(table.shape, int)
        full[:-1, :-1] = np.reshape(cells, (len(rows) - 1, len(columns) - 1))
        full[:-1, -1] = rows[:-1] - full[:-1].sum(1)
        full[-1] = columns - full.sum(0)
        if (full >= 0).all():
            chance = stats.random_table(rows, columns).pmf(full)
            total += chance if chance <= seen * (1 + 1e-7) else 0
    return total


@pytest.mark.parametrize(
    "table", [[[4, 1, 0], [1, 3, 2]], [[2, 0, 1], [1, 3, 0], [0, 1, 3]], [[3, 1], [0, 2], [1, 2]]]
)
def test_exact_test_of_larger_tables_is_the_definition(table):
    p, method = exact_test(table)
    assert method == "exact" and p == pytest.approx(by_brute_force(table))


@given(st.lists(st.integers(0, 15), min_size=4, max_size=4))
@settings(max_examples=40, deadline=None)
def test_exact_test_of_two_by_two_is_that_of_scipy(cells):
    table = np.reshape(cells, (2, 2))
    p, _ = exact_test(table)
    if (table.sum(0) > 0).all() and (table.sum(1) > 0).all():
        assert p == pytest.approx(stats.fisher_exact(table)[1])
    else:
        assert np.isnan(p)


def test_exact_test_gives_the_published_job_satisfaction_p():
    """Agresti 2002, Categorical Data Analysis, table 2.8; R's fisher.test prints 0.7827."""
    p, method = exact_test([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]])
    assert method == "simulated" and p == pytest.approx(0.7827, abs=0.012)
    assert exact_test([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]])[0] == p


def test_cramers_v_of_large_samples_is_that_of_scipy_and_in_its_interval():
    table = np.array([[300, 100, 50], [100, 300, 80]])
    v, low, high = cramers_v(table)
    assert v == pytest.approx(stats.contingency.association(table, method="cramer"), abs=0.003)
    assert low < v < high


def test_cramers_v_interval_covers_the_true_value_as_often_as_it_says():
    rng = np.random.default_rng(5)
    chances = np.array([[0.25, 0.10], [0.15, 0.50]])
    outside = chances - np.outer(chances.sum(1), chances.sum(0))
    true = np.sqrt((outside**2 / np.outer(chances.sum(1), chances.sum(0))).sum())
    hits = 0
    for _ in range(200):
        low, high = cramers_v(rng.multinomial(80, chances.ravel()).reshape(2, 2))[1:]
        hits += low <= true <= high
    assert 0.90 <= hits / 200 <= 0.99


def test_permutation_agrees_with_scipy():
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, 12), rng.normal(0.8, 1, 15)

    def difference(x, y, axis):
        return y.mean(axis=axis) - x.mean(axis=axis)

    reference = stats.permutation_test((a, b), difference, vectorized=True, n_resamples=9999, rng=1).pvalue
    ours = permute_difference(a[:, None], b[:, None], draws=9999)[0]
    assert ours == pytest.approx(reference, abs=0.012)
    pairs = stats.permutation_test(
        (a, b[:12]), difference, permutation_type="samples", vectorized=True, n_resamples=9999, rng=1
    )
    assert permute_difference(a[:, None], b[:12, None], paired=True, draws=9999)[0] == pytest.approx(
        pairs.pvalue, abs=0.012
    )


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), min_size=4, max_size=15))
@settings(max_examples=60, deadline=None)
def test_mann_kendall_is_kendalls_tau_of_scipy(points):
    time, values = np.array(points).T
    if len(set(time)) > 1 and len(set(values)) > 1:
        tau, p = mann_kendall(time, values[:, None])
        reference = stats.kendalltau(time, values, method="asymptotic")
        assert tau[0] == pytest.approx(reference.statistic)
        assert p[0] == pytest.approx(reference.pvalue)


def test_half_rounds_up_and_nothing_of_nothing_is_nan():
    assert round_half_up([1, 3, 0], [8, 8, 0]).tolist()[:2] == [13, 38]
    assert np.isnan(round_half_up(0, 0))
    assert round_half_up(1, 3, decimals=1) == 33.3
