"""The sentence classifier keeps scikit-learn's contract, and its features keep privacy."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from dagbog_nlp.coding.classifier import SentenceClassifier, indicator
from dagbog_nlp.coding.combination import Combination
from dagbog_nlp.coding.explanation import linear_word_weights, word_spans
from dagbog_nlp.coding.features import WordFeatures, plain_spelling

SENTENCES = [
    "Mor melder afbud i dag.",
    "Far aflyser igen.",
    "Vi spiser frokost.",
    "Drengen leger med lego.",
] * 5
LABELS = pd.DataFrame({"afbud": [True, True, False, False] * 5, "leg": [False, False, False, True] * 5})
CASES = np.repeat(["A", "B", "C", "D", "E"], 4)


@pytest.fixture(scope="module")
def fitted():
    return SentenceClassifier(C=30).fit(SENTENCES, LABELS, groups=CASES)


def test_parameters_clone_and_refit(fitted):
    again = clone(fitted)
    assert again.get_params()["C"] == 30
    with pytest.raises(NotFittedError):
        again.predict(["x"])
    again.fit(SENTENCES, LABELS)
    np.testing.assert_array_equal(again.decision_function(SENTENCES), fitted.decision_function(SENTENCES))


def test_predictions(fitted):
    assert fitted.classes_.tolist() == ["afbud", "leg"]
    assert fitted.predict(["afbud fra far", "hun leger"]).tolist() == [[True, False], [False, True]]
    chances = fitted.predict_proba(pd.Series(SENTENCES))
    assert chances.shape == (20, 2)
    np.testing.assert_allclose(chances, fitted.predict_proba(SENTENCES))
    assert ((chances > 0.5) == fitted.predict(SENTENCES)).all()


def test_it_survives_pickling_for_parallel_work(fitted):
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(fitted)).decision_function(SENTENCES), fitted.decision_function(SENTENCES)
    )


def test_a_code_without_examples_is_never_given():
    model = SentenceClassifier().fit(SENTENCES, LABELS.assign(aldrig=False))
    assert not model.predict(SENTENCES)[:, 2].any()


def test_vectors_pass_through():
    vectors = np.eye(2, dtype=np.float32)[[0, 1] * 10]
    model = SentenceClassifier("passthrough").fit(vectors, pd.DataFrame({"a": [True, False] * 10}))
    assert model.predict(vectors[:2]).ravel().tolist() == [True, False]


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("BM ska ik m/ til møde", "mor skal ikke m/ til møde"),
        ("Afb. fra FM kl 14", "afbud fra plejemor kl 0"),
        ("v/UT", "ved jeg"),
        ("”ik i dag”", "”ikke i dag”"),
        ("A\u030argang", "årgang"),
        ("", ""),
    ],
)
def test_hasty_spellings_are_written_out(written, plain):
    assert plain_spelling(written) == plain


def test_features_of_few_cases_are_forgotten():
    texts = [f"{text} Karlotta" if case == "A" else text for text, case in zip(SENTENCES, CASES, strict=True)]
    names = WordFeatures(min_groups=2).fit(texts, groups=CASES).get_feature_names_out()
    assert not [name for name in names if "karlotta" in name or "arlot" in name]
    assert "afbud" in names
    with pytest.raises(ValueError, match="min_groups needs groups"):
        WordFeatures(min_groups=2).fit(texts)


def test_word_weights_add_up_to_the_decision(fitted):
    text = "Mor melder afbud"
    weights = linear_word_weights(fitted, [text], ["afbud"])[0]
    assert [(start, end) for start, end, _ in weights] == word_spans(text)
    total = sum(weight for _, _, weight in weights) + fitted.intercept_[0]
    assert total == pytest.approx(fitted.decision_function([text])[0, 0], abs=1e-4)
    of_mor, of_melder, of_afbud = (weight for _, _, weight in weights)
    assert min(of_melder, of_afbud) > of_mor


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_any_text_can_be_scored_and_explained(texts):
    model = _MODEL
    assert np.isfinite(model.decision_function(texts)).all()
    for text, weights in zip(texts, linear_word_weights(model, texts, ["afbud"] * len(texts)), strict=True):
        assert [(start, end) for start, end, _ in weights] == word_spans(text)


_MODEL = SentenceClassifier(C=30).fit(SENTENCES, LABELS)


def test_a_subcode_implies_its_parent():
    assert indicator([["a/b/c"]], ["a", "a/b", "a/b/c", "d"]).tolist() == [[True, True, True, False]]


def test_combination_round_trip():
    before = Combination(("a", "a/b"), ("x", "y"), np.ones((2, 4)), np.zeros(2), np.array([0.3, 0.6]))
    after = Combination.from_dict(before.to_dict())
    logits = np.random.default_rng(0).normal(size=(5, 2, 2))
    np.testing.assert_allclose(after.probabilities(logits), before.probabilities(logits))
    decided = after.decide(after.probabilities(logits))
    assert not (decided[:, 1] & ~decided[:, 0]).any()
