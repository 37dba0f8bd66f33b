"""The queue, what may be concluded from it, and the codings that follow from a review."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbog_nlp.errors import InputError
from dagbog_nlp.learning.review import (
    Review,
    before_after,
    decision_table,
    merge_reviews,
    review_from_codings,
)
from dagbog_nlp.learning.review_queue import CHOSEN, estimate_from_review, review_queue
from dagbog_nlp.tables import CODINGS, check_codings

CODES = ["a", "a/x", "b"]


def make_scores(n=2000, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"case_id": [f"S{i % 40}" for i in range(n)], "note_id": [f"N{i}" for i in range(n)]}
    )
    table["start"], table["end"] = 0, 30
    for code, scale in zip(CODES, (0.12, 0.08, 0.03), strict=True):
        table[code] = rng.beta(scale * 4, 4, size=n)
    return table


def decided(rows):
    names = ["note_id", "start", "end", "code", "verdict", "reviewer", "reviewed_at"]
    return Review(
        decision_table({"case_id": "S", **dict(zip(names, row, strict=True))} for row in rows), pd.DataFrame()
    )


def answer(queue, scores, truth):
    """A reviewer who always knows: every queued sentence is answered."""
    by_note = dict(zip(scores["note_id"], truth, strict=True))
    rows = []
    for note in queue["note_id"]:
        found = [code for code, true in zip(CODES, by_note[note], strict=True) if true]
        rows += [(note, 0, 30, code, "added", "Anna", None) for code in found] or [
            (note, 0, 30, None, "none", "Anna", None)
        ]
    return decided(rows)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(1, 300), st.integers(0, 5))
def test_a_queue_has_the_budget_no_doubles_and_weights_that_add_up(n, budget, seed):
    scores = make_scores(n, seed)
    queue = review_queue(scores, budget, seed=seed)
    assert len(queue) == min(budget, n)
    assert not queue.duplicated(["note_id", "start", "end"]).any()
    marks = (scores[CODES] >= 0.5).any(axis=1)
    chosen = set(queue.loc[queue["stratum"] == CHOSEN, "note_id"])
    rest = ~scores["note_id"].isin(chosen)
    for stratum, size in (("marked", (rest & marks).sum()), ("unmarked", (rest & ~marks).sum())):
        mine = queue[queue["stratum"] == stratum]
        assert mine["weight"].sum() == pytest.approx(size if len(mine) else 0)


def test_the_queue_mixes_its_reasons():
    scores = make_scores()
    scores.loc[:30, ["a", "a/x"]] = [0.2, 0.9]
    queue = review_queue(scores, 200)
    counts = queue["reason"].value_counts()
    assert counts["uncertain"] == 70
    assert counts["disagreement"] == 30
    assert counts["rare"] == 30
    assert counts["random"] == 70
    disagreeing = scores[scores["note_id"].isin(queue.loc[queue["reason"] == "disagreement", "note_id"])]
    assert ((disagreeing["a/x"] >= 0.5) & (disagreeing["a"] < 0.5)).all()
    uncertain = queue[queue["reason"] == "uncertain"]
    assert set(uncertain["code"]) == set(CODES)


def test_coders_who_disagree_are_queued():
    scores = make_scores(100)
    rows = [("N1", "keyword", "ordliste"), ("N2", "keyword", "ordliste"), ("N2", "classifier", "maskine"),
            ("N3", "classifier", "maskine")]  # fmt: skip
    codings = pd.DataFrame(rows, columns=["note_id", "source", "coder"]).assign(
        case_id="S", start=0, end=30, code="b", negated=False
    )
    queue = review_queue(scores, 10, codings=codings, mix={"disagreement": 1.0})
    disagreeing = queue[queue["reason"] == "disagreement"]
    assert set(disagreeing.loc[disagreeing["code"] == "b", "note_id"]) == {"N1", "N3"}


def test_intervals_from_the_review_hold_the_truth():
    scores = make_scores(1500, seed=3)
    inside = {"prevalence": 0, "recall": 0, "precision": 0}
    rounds = 60
    for seed in range(rounds):
        rng = np.random.default_rng(100 + seed)
        chance = np.clip(scores[CODES].to_numpy() * 1.1 + 0.02, 0, 1)
        truth = rng.random(chance.shape) < chance
        marks = scores["a"].to_numpy() >= 0.3
        queue = review_queue(scores, 250, thresholds=0.3, seed=seed)
        table = estimate_from_review(
            scores, queue, answer(queue, scores, truth), thresholds=0.3, draws=800, seed=seed
        ).set_index("code")
        positive = truth[:, 0] | truth[:, 1]
        marks |= scores["a/x"].to_numpy() >= 0.3
        real = {
            "prevalence": positive.mean(),
            "recall": (positive & marks).sum() / positive.sum(),
            "precision": (positive & marks).sum() / marks.sum(),
        }
        for name, value in real.items():
            inside[name] += table.loc["a", f"{name}_low"] <= value <= table.loc["a", f"{name}_high"]
    assert all(count >= 0.88 * rounds for count in inside.values()), inside


def test_finding_nothing_among_the_unmarked_is_no_proof_of_full_recall():
    scores = make_scores(1000)
    queue = review_queue(scores, 60)
    table = estimate_from_review(scores, queue, answer(queue, scores, scores[CODES].to_numpy() >= 0.5))
    row = table.set_index("code").loc["b"]
    assert row["recall"] == 1
    assert row["recall_low"] < 0.9
    assert row["recall_high"] == 1
    with pytest.raises(InputError, match="scores it came from"):
        estimate_from_review(scores.iloc[:10], queue, decided([]))


def test_reviewing_everything_gives_the_figures_themselves():
    scores = make_scores(80)
    truth = np.random.default_rng(1).random((80, 3)) < 0.3
    queue = review_queue(scores, 80)
    row = (
        estimate_from_review(scores, queue, answer(queue, scores, truth), thresholds=0.05)
        .set_index("code")
        .loc["b"]
    )
    assert row["prevalence"] == row["prevalence_low"] == row["prevalence_high"] == truth[:, 2].mean()


@pytest.mark.parametrize("call", [{"budget": 0}, {"mix": {"andet": 1.0}}])
def test_bad_queues_are_refused(call):
    with pytest.raises(InputError, match=r"no budget.*unknown part"):
        review_queue(make_scores(10), **call)
    with pytest.raises(InputError, match="no sentences"):
        review_queue(make_scores(10).iloc[:0])


@pytest.fixture
def codings():
    rows = [("N1", 0, "x", "keyword", "ord"), ("N1", 0, "x", "classifier", "maskine"),
            ("N1", 20, "y", "classifier", "maskine"), ("N2", 0, "y", "classifier", "maskine")]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["note_id", "start", "code", "source", "coder"])
    return check_codings(frame.assign(case_id="S", end=frame["start"] + 10, score=0.7, date="2024-01-02"))


def test_merged_reviews_say_who_decided_what_and_keep_the_trail(codings):
    anna = decided([
        ("N1", 0, 10, "x", "accepted", "Anna", "2024-05-01T10:00:00"),
        ("N1", 20, 30, "y", "rejected", "Anna", "2024-05-01T10:01:00"),
        ("N1", 20, 30, "z", "added", "Anna", "2024-05-01T10:01:00"),
        ("N3", 0, 10, None, "none", "Anna", "2024-05-01T10:02:00"),
    ])  # fmt: skip
    merged = merge_reviews(codings, anna)
    assert merged.codings[["note_id", "start", "code", "source", "coder", "verdict"]].values.tolist() == [
        ["N1", 0, "x", "manual", "Anna", "accepted"],
        ["N1", 20, "z", "manual", "Anna", "added"],
        ["N2", 0, "y", "classifier", "maskine", "unreviewed"],
    ]
    assert merged.codings["date"].notna().all()
    assert merged.codings["coding_id"].is_unique
    assert merged.trail["suggested_by"].fillna("").tolist() == ["ord", "maskine", "", ""]
    assert len(merge_reviews(codings, anna, keep_unreviewed=False).codings) == 2


def test_the_later_decision_counts_and_the_earlier_stays_in_the_trail(codings):
    first = decided([("N2", 0, 10, "y", "rejected", "Anna", "2024-05-01T10:00:00")])
    second = decided([("N2", 0, 10, "y", "accepted", "Bo", "2024-06-01T10:00:00")])
    merged = merge_reviews(codings, [second, first])
    assert merged.codings.set_index("note_id").loc["N2", "coder"] == "Bo"
    assert merged.trail[["reviewer", "overruled"]].values.tolist() == [["Anna", True], ["Bo", False]]


def test_no_decisions_and_no_codings_are_fine(codings):
    assert merge_reviews(codings, decided([])).codings["verdict"].tolist() == ["unreviewed"] * 4
    nothing = merge_reviews(codings.iloc[:0], decided([]))
    assert nothing.codings.empty
    assert set(CODINGS) <= set(nothing.codings)


def test_codings_that_come_back_from_another_program_are_decisions(codings):
    back = codings[codings["note_id"] == "N1"].drop_duplicates(["start", "code"])
    new = pd.DataFrame(
        [{"case_id": "S", "note_id": "N1", "start": 40, "end": 50, "code": "x", "coder": "Anna"}]
    )
    returned = check_codings(pd.concat([back.assign(coding_id="nye id"), new], ignore_index=True))
    review = review_from_codings(codings, returned)
    rows = review.decisions.sort_values(["note_id", "start"])[["note_id", "start", "verdict"]].values.tolist()
    assert rows == [["N1", 0, "accepted"], ["N1", 20, "accepted"], ["N1", 40, "added"], ["N2", 0, "rejected"]]
    assert "Anna" in set(review.decisions["reviewer"])
    assert len(merge_reviews(codings, review).codings) == 3
    with pytest.raises(InputError, match="share no note"):
        review_from_codings(codings, returned.assign(note_id="andre"))


def test_before_and_after_retraining():
    notes = pd.DataFrame({"case_id": ["S"], "note_id": ["N"], "date": [pd.NaT],
                          "text": ["Mor kom til tiden. Far gik sin vej. Vi ses i morgen."]})  # fmt: skip
    gold = pd.DataFrame({"case_id": "S", "note_id": "N", "start": [0, 19], "end": [18, 35], "code": "x"})
    table = before_after(gold, gold[:1], gold, notes=notes, resamples=0).set_index("code")
    assert table.loc["x", ["reference", "f1_before", "f1_after"]].round(2).tolist() == [2, 0.67, 1.0]
    assert table.loc["x", "change"] == pytest.approx(1 / 3)
