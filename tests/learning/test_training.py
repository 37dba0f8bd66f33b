"""Training on an analyst's codings, evaluation, and the model folder."""

import zipfile

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.metrics import average_precision_score, f1_score

import dagbog_nlp as dn
from dagbog_nlp.coding.combination import Combination
from dagbog_nlp.errors import InputError, ModelError, NotFittedError
from dagbog_nlp.learning.calibration import choose_threshold, fit_combination
from dagbog_nlp.learning.evaluation import calibration_error, evaluate_scores, truth_table
from dagbog_nlp.learning.training import VERDICTS

PLANTED = "Zlatkovic"


@pytest.fixture(scope="module")
def manual(corpus):
    return corpus.codings[~corpus.codings["code"].str.startswith("relationsarbejde")]


@pytest.fixture(scope="module")
def trained(corpus, manual, fast_coder):
    notes = corpus.notes.copy()
    first = notes["case_id"] == notes["case_id"].iloc[0]
    notes.loc[first, "text"] = notes.loc[first, "text"] + f" {PLANTED} kom forbi."
    return dn.train(notes, manual, base=fast_coder, min_cases=5)


def test_training_reports_on_each_code(trained, manual):
    assert set(trained.verdicts.unique()) <= set(VERDICTS)
    assert "professionel_tvivl" in trained.evaluation.table.index
    assert trained.evaluation.table.loc["professionel_tvivl", "f1"] > 0.6
    assert (
        trained.evaluation.table.loc["professionel_tvivl", "sentences"]
        == (manual["code"] == "professionel_tvivl").sum()
    )


def test_a_saved_model_codes_alike_and_holds_no_name(trained, corpus, tmp_path):
    folder = trained.save(tmp_path / "mine")
    again = dn.load(folder)
    some = corpus.notes.head(10)
    pd.testing.assert_frame_equal(
        again.code(some).drop(columns="model"), trained.code(some).drop(columns="model")
    )
    assert again.model == trained.model
    grams = {PLANTED.lower()[at : at + 5] for at in range(len(PLANTED) - 4)}
    content = (
        b"".join(
            zipfile.ZipFile(folder / "classifier.skops").read(name)
            for name in zipfile.ZipFile(folder / "classifier.skops").namelist()
        )
        .decode("latin-1")
        .lower()
    )
    own = trained.ensemble.words["words"].features_.get_feature_names_out()
    assert not grams & set(own)
    assert PLANTED.lower() not in content
    assert PLANTED not in (folder / "CARD.md").read_text("utf-8")


def test_a_new_code_needs_few_examples(corpus, fast_coder):
    doubts = corpus.codings[corpus.codings["code"] == "professionel_tvivl"].head(40)
    new = doubts.assign(code="egen_tvivl")
    notes = corpus.notes[corpus.notes["note_id"].isin(new["note_id"])]
    coder = dn.train(notes, new, base=fast_coder)
    assert "egen_tvivl" in coder.codebook
    assert "egen_tvivl" not in fast_coder.codebook
    assert coder.evaluation.table.loc["egen_tvivl", "average_precision"] > 0.5


def test_machine_codings_teach_nothing(corpus, fast_coder):
    codings = fast_coder.code(corpus.notes.head(20))
    with pytest.raises(InputError, match="no coding has the source 'manual'"):
        dn.train(corpus.notes.head(20), codings)


def test_too_little_to_learn_from(corpus, manual):
    with pytest.raises(InputError, match="no code has 8 coded sentences"):
        dn.train(corpus.notes.head(3), manual[manual["note_id"].isin(corpus.notes["note_id"].head(3))])
    one_case = corpus.notes[corpus.notes["case_id"] == "W1-01"]
    codings = pd.concat([manual[manual["case_id"] == "W1-01"].assign(code="x")])
    with pytest.raises(InputError, match="one case only"):
        dn.train(one_case, codings)


def test_a_changed_or_foreign_model_is_refused(trained, tmp_path):
    folder = trained.save(tmp_path / "mine")
    (folder / "codebook.yaml").write_text("codes: []")
    with pytest.raises(ModelError, match=r"codebook.yaml is missing or was changed"):
        dn.load(folder)
    folder = trained.save(folder)
    skops.io.dump(
        {"words": LinearRegression(), "vectors": {}, "x": np.random.default_rng(0)},
        folder / "classifier.skops",
    )
    with pytest.raises(ModelError, match="was changed"):
        dn.load(folder)
    with pytest.raises(ModelError, match="there is no model sludder"):
        dn.load("sludder")
    (tmp_path / "mine" / "model.toml").write_text("format = 99")
    with pytest.raises(ModelError, match="format 99"):
        dn.load(folder)


def test_types_that_are_not_allowed_are_refused(trained, tmp_path):
    from dagbog_nlp.learning.model_store import file_hash

    folder = trained.save(tmp_path / "mine")
    skops.io.dump(
        {"words": {"words": np.add.reduce}, "rng": pytest.MonkeyPatch()}, folder / "classifier.skops"
    )
    card = (folder / "model.toml").read_text("utf-8").splitlines()
    card = [
        f'"classifier.skops" = "{file_hash(folder / "classifier.skops")}"'
        if "classifier.skops" in line
        else line
        for line in card
    ]
    (folder / "model.toml").write_text("\n".join(card), encoding="utf-8")
    with pytest.raises(ModelError, match="types that are not allowed"):
        dn.load(folder)


def test_a_folder_with_something_else_is_not_overwritten(trained, tmp_path):
    (tmp_path / "notater").mkdir()
    (tmp_path / "notater" / "notater.csv").write_text("x")
    with pytest.raises(InputError, match="something else than a model"):
        trained.save(tmp_path / "notater")
    assert (tmp_path / "notater" / "notater.csv").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_keyword_coder_cannot_be_saved(tmp_path):
    from dagbog_nlp.learning.model_store import save

    with pytest.raises(NotFittedError):
        save(dn.Autocoder(dn.Codebook.load()), tmp_path / "x")


def test_evaluation_figures_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    truth = pd.DataFrame({"a": rng.random(400) < 0.3})
    scores = np.clip(truth.to_numpy() * 0.4 + rng.random((400, 1)) * 0.6, 0, 1)
    decided = scores > 0.5
    groups = np.repeat(np.arange(40), 10)
    row = evaluate_scores(truth, scores, decided, groups).table.loc["a"]
    assert row["f1"] == pytest.approx(f1_score(truth["a"], decided[:, 0]))
    assert row["average_precision"] == pytest.approx(
        average_precision_score(truth["a"], scores[:, 0]), abs=1e-3
    )
    assert row["f1_low"] < row["f1"] < row["f1_high"]


def test_calibration_error_of_a_calibrated_score_is_small():
    rng = np.random.default_rng(2)
    scores = rng.random(20_000)
    truth = pd.DataFrame({"a": rng.random(20_000) < scores})
    result = evaluate_scores(
        truth, scores[:, None], scores[:, None] > 0.5, np.arange(20_000) % 50, resamples=5
    )
    assert result.table.loc["a", "calibration_error"] < 0.02
    assert calibration_error(result.calibration) == pytest.approx(result.table.loc["a", "calibration_error"])


def test_stacking_finds_the_better_view_and_calibrates():
    rng = np.random.default_rng(3)
    truth = rng.random((3000, 1)) < 0.2
    good = 3 * truth - 2 + rng.normal(size=(3000, 1))
    noise = rng.normal(size=(3000, 1))
    logits = np.stack([good, noise], axis=1)
    groups = np.arange(3000) % 60
    combined = fit_combination(logits, truth, codes=["a"], views=["good", "noise"], groups=groups)
    assert combined.weights[0, 0] > 10 * combined.weights[0, 1]
    assert combined.probabilities(logits).mean() == pytest.approx(truth.mean(), abs=0.005)


def test_thresholds_reach_their_goal():
    rng = np.random.default_rng(4)
    truth = rng.random(4000) < 0.25
    scores = np.clip(0.25 + 0.4 * (truth - 0.25) + 0.2 * rng.normal(size=4000), 0, 1)
    groups = np.arange(4000) % 80
    at = choose_threshold(truth, scores, groups, goal="recall>=0.9")
    assert 0.9 <= truth[scores >= at].sum() / truth.sum() < 0.92
    at = choose_threshold(truth, scores, groups, goal="precision>=0.9")
    assert truth[scores >= at].mean() >= 0.9
    assert choose_threshold(truth, scores, groups, goal="cost=3") == 0.25
    best = max(f1_score(truth, scores >= t) for t in np.linspace(0.05, 0.95, 91))
    assert f1_score(truth, scores >= choose_threshold(truth, scores, groups)) > best - 0.01
    with pytest.raises(ValueError, match="unknown goal"):
        choose_threshold(truth, scores, groups, goal="best")


def test_truth_follows_overlap():
    sentences = pd.DataFrame({"note_id": ["1", "1", "1"], "start": [0, 11, 21], "end": [10, 20, 30]})
    codings = pd.DataFrame(
        {"note_id": ["1", "1", "2"], "start": [2, 0, 0], "end": [6, 20, 30], "code": ["a", "b/c", "a"]}
    )
    truth = truth_table(sentences, codings, ["a", "b", "b/c"])
    assert truth.to_numpy().tolist() == [[True, True, True], [False, True, True], [False, False, False]]


def test_combination_hierarchy():
    combination = Combination(("f", "f/s"), ("v",), np.ones((2, 2)), np.zeros(2), np.array([0.5, 0.1]))
    assert combination.decide(np.array([[0.2, 0.9]])).tolist() == [[False, False]]
