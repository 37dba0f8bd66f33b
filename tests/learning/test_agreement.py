"""Agreement against published examples and independent implementations."""

import krippendorff
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from dagbog_nlp.errors import InputError
from dagbog_nlp.learning.agreement import ALL_CODES, agreement, agreement_rounds, match_units, measures

SENTENCE = "Mor kom til aftalen. "


def make_notes(cases=3, notes=2, sentences=5):
    rows = [
        {"case_id": f"S{c}", "note_id": f"N{c}-{n}", "date": pd.NaT, "text": (SENTENCE * sentences).strip()}
        for c in range(cases)
        for n in range(notes)
    ]
    return pd.DataFrame(rows)


def coded(marks, notes, code="x"):
    """Codings of the sentences where `marks` is true, sentence by sentence through the notes."""
    rows = []
    per_note = len(marks) // len(notes)
    for place, mark in enumerate(marks):
        note = notes.iloc[place // per_note]
        start = (place % per_note) * len(SENTENCE)
        if mark:
            rows.append((note.case_id, note.note_id, start, start + len(SENTENCE) - 1, code))
    frame = pd.DataFrame(rows, columns=["case_id", "note_id", "start", "end", "code"])
    return frame.astype({"start": "int64", "end": "int64"})


def test_published_examples():
    # Cohen's kappa .40: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no (Wikipedia's example after Kirk).
    assert measures(np.array([20, 5, 10, 15.0]))["kappa"] == pytest.approx(0.4)
    # Krippendorff (2011), part A: two observers, ten articles, binary: alpha .095.
    a = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    b = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    cells = [
        sum(x == i and y == j for x, y in zip(a, b, strict=True)) for i, j in ((1, 1), (1, 0), (0, 1), (0, 0))
    ]
    assert measures(np.array(cells, dtype=float))["alpha"] == pytest.approx(0.095, abs=5e-4)
    # Gwet (2008), table 1 in words: 118, 5, 2, 0 of 125 give percent .944, kappa -.023, AC1 .940.
    found = measures(np.array([118, 5, 2, 0.0]))
    assert found["percent"] == pytest.approx(0.944, abs=5e-4)
    assert found["kappa"] == pytest.approx(-0.0234, abs=5e-4)
    assert found["ac1"] == pytest.approx(0.9408, abs=5e-4)


marks = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=30, max_size=30)


@settings(max_examples=25, deadline=None)
@given(marks)
def test_agrees_with_independent_implementations(pairs):
    notes = make_notes()
    a, b = (np.array(column) for column in zip(*pairs, strict=True))
    table = agreement(coded(a, notes), coded(b, notes), notes=notes, codes=["x"], resamples=0)
    row = table.iloc[0]

    assert row["units"] == 30
    assert row["percent"] == pytest.approx((a == b).mean())
    if len(set(a) | set(b)) > 1:
        assert row["alpha"] == pytest.approx(
            krippendorff.alpha([a.astype(int), b.astype(int)], level_of_measurement="nominal")
        )
        assert row["kappa"] == pytest.approx(cohen_kappa_score(a, b))
    if a.any() and b.any():
        assert row["precision"] == pytest.approx(precision_score(a, b))
        assert row["recall"] == pytest.approx(recall_score(a, b))
        assert row["f1"] == pytest.approx(f1_score(a, b))


def test_uncoded_units_count_and_the_overall_row_pools_the_codes():
    notes = make_notes()
    a = pd.concat([coded([1] * 3 + [0] * 27, notes, "x"), coded([1] * 2 + [0] * 28, notes, "y")])
    b = coded([1] * 2 + [0] * 28, notes, "x")
    table = agreement(a, b, notes=notes, resamples=0).set_index("code")
    assert table.loc["x", ["a", "b", "both", "neither", "units"]].tolist() == [3, 2, 2, 27, 30]
    assert table.loc[ALL_CODES, ["a", "b", "both", "neither", "units"]].tolist() == [5, 2, 2, 55, 60]


@pytest.mark.parametrize(
    ("unit", "units", "both"), [("note", 6, 1), ("case", 3, 1), ("sentence", 30, 0), ("character", 624, 0)]
)
def test_units(unit, units, both):
    notes = make_notes()
    a, b = coded([1] + [0] * 29, notes), coded([0, 1] + [0] * 28, notes)
    row = agreement(a, b, unit, notes=notes, resamples=0).iloc[0]
    assert row["units"] == units
    assert row["both"] == both


def test_characters_are_counted_as_nvivo_does():
    notes = make_notes(cases=1, notes=1)
    a = pd.DataFrame({"case_id": "S0", "note_id": "N0-0", "start": [0, 5], "end": [10, 15], "code": "x"})
    b = a.assign(start=5, end=12)
    row = agreement(a, b, "character", notes=notes, resamples=0).iloc[0]
    assert row[["a", "b", "both"]].tolist() == [15, 7, 7]


def test_a_subcode_implies_its_parent_and_a_negated_use_counts():
    notes = make_notes()
    a = coded([1] + [0] * 29, notes, "n/vrede")
    b = coded([1] + [0] * 29, notes, "n/mistillid").assign(negated=True)
    table = agreement(a, b, notes=notes, resamples=0).set_index("code")
    assert table.loc["n", "both"] == 1
    assert table.loc["n/vrede", "both"] == 0
    assert "n" not in set(agreement(a, b, notes=notes, parents=False, resamples=0)["code"])


def test_passages_are_matched_to_sentences_by_halves():
    units = pd.DataFrame({"note_id": "N", "start": [0, 21], "end": [20, 41]})
    spans = [(0, 20), (0, 23), (25, 30), (18, 24), (0, 41), (20, 21)]
    codings = pd.DataFrame([("N", *span) for span in spans], columns=["note_id", "start", "end"])
    found = match_units(codings, units).groupby("coding")["unit"].agg(list).to_dict()
    assert found == {0: [0], 1: [0], 2: [1], 3: [1], 4: [0, 1]}


def test_intervals_come_from_the_cases_and_hold_the_estimate():
    notes = make_notes(cases=12)
    rng = np.random.default_rng(0)
    a = rng.random(120) < 0.4
    b = a ^ (rng.random(120) < 0.2)
    row = agreement(coded(a, notes), coded(b, notes), notes=notes).iloc[0]
    for name in ("percent", "kappa", "f1"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    one = agreement(
        coded(a[:10], make_notes(cases=1)), coded(b[:10], make_notes(cases=1)), notes=make_notes(cases=1)
    )
    assert one["percent_low"].iloc[0] == one["percent_high"].iloc[0]


def test_rounds_before_and_after_discussion():
    notes = make_notes()
    a, b = coded([1] * 4 + [0] * 26, notes), coded([0] * 4 + [1] * 4 + [0] * 22, notes, "x")
    table = agreement_rounds({"før drøftelse": (a, b), "efter drøftelse": (a, a)}, notes=notes, resamples=0)
    overall = table[table["code"] == ALL_CODES].set_index("round")
    assert overall.loc["efter drøftelse", "kappa"] == 1
    assert overall.loc["før drøftelse", "kappa"] < 0


def test_bad_calls_are_said():
    notes = make_notes()
    none = coded([0] * 30, notes)
    with pytest.raises(InputError, match="neither coder"):
        agreement(none, none, notes=notes)
    with pytest.raises(InputError, match="unit"):
        agreement(none, none, "word", notes=notes)
