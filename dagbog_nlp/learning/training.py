"""Train a coder on manual codings, on its own or on top of another coder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from dagbog_nlp.codebook.codebook import Code, Codebook
from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.coding.classifier import SentenceClassifier
from dagbog_nlp.coding.combination import Combination
from dagbog_nlp.coding.encoder import SentenceEncoder
from dagbog_nlp.coding.ensemble import ENCODER_VIEW, Ensemble
from dagbog_nlp.coding.features import WordFeatures
from dagbog_nlp.errors import InputError
from dagbog_nlp.learning.calibration import fit_combination
from dagbog_nlp.learning.evaluation import Evaluation, evaluate_scores, truth_table
from dagbog_nlp.learning.model_store import save
from dagbog_nlp.notes.sentences import sentence_table
from dagbog_nlp.tables import check_codings, check_notes

FOLDS = 5
MIN_EXAMPLES = 8
WORDS, VECTORS = "words", "vectors"
VERDICTS = ("alene", "med gennemsyn", "nej")
_VECTOR_C = 1.0


class TrainedCoder(Autocoder):
    """An autocoder that knows how well it did on the notes it was trained on.

    Attributes
    ----------
    evaluation
        Cross-validated on the training notes, cases kept whole.
    verdicts
        Series by code: ``"alene"`` (may be used unsupervised: precision and recall are above .80 with
        95 % confidence), ``"med gennemsyn"`` (F1 of at least .50: codings need review) or ``"nej"``.
    """

    evaluation: Evaluation
    verdicts: pd.Series

    def save(self, folder: str | Path) -> Path:
        """Write the model to a folder; see :func:`dagbog_nlp.learning.model_store.save`."""
        return save(self, folder)


@dataclass(frozen=True)
class Fit:
    """Fitted models, with the honest answers that judge them.

    Attributes
    ----------
    ensemble
        Models fitted on everything.
    probabilities, decided
        By tier, float and bool [n, n_codes]: each sentence by models, weights and thresholds that were
        fitted without its fold.
    judged
        bool [n]: which sentences have such answers.
    """

    ensemble: Ensemble
    probabilities: Mapping[str, np.ndarray]
    decided: Mapping[str, np.ndarray]
    judged: np.ndarray

    def evaluation(self, truth: pd.DataFrame, groups: np.ndarray, tier: str) -> Evaluation:
        """Evaluate one tier, with intervals by `groups`."""
        rows = self.judged
        return evaluate_scores(
            truth[rows], self.probabilities[tier][rows], self.decided[tier][rows], groups[rows]
        )


def train(
    notes: Any,
    manual_codings: pd.DataFrame,
    *,
    base: Autocoder | None = None,
    goal: str = "f1",
    min_cases: int = 5,
    name: str = "egen_model",
    seed: int = 0,
) -> TrainedCoder:
    """Train a coder on an analyst's own codings.

    The new coder asks the models of `base`, a new word model and, when `base` has an encoder, a new
    linear model on its sentence vectors, and weighs their answers per code by what cross-validation
    shows. It takes seconds and needs no PyTorch.

    Parameters
    ----------
    notes
        Notes that were read and coded in full: a sentence without a coding is an example of none.
    manual_codings
        A codings table. Rows whose ``source`` is not ``"manual"`` are left out: what a machine
        coded teaches nothing until a person has confirmed it.
    base
        A coder to build on, such as ``dagbog_nlp.load()``. Codes that the codebook of `base` lacks
        are added.
    goal
        What the thresholds serve: ``"f1"``, ``"recall>=0.9"``, ``"precision>=0.9"`` or ``"cost=5"``.
    min_cases
        A word, word pair or character n-gram is kept only if it occurs in so many cases, so that the
        model remembers no family.
    name
        For the column ``coder``.
    seed
        Of resampling.

    Returns
    -------
    TrainedCoder

    Raises
    ------
    InputError
        Without manual codings, with too few cases, or when no code has 8 examples.

    Examples
    --------
    >>> notes = pd.DataFrame({"case_id": [f"S{i % 5}" for i in range(10)], "date": "2024-03-01",
    ...                       "note_id": [f"N{i}" for i in range(10)],
    ...                       "text": "Mor virker meget træt. Vi drikker kaffe."})
    >>> manual = notes[["case_id", "note_id"]].assign(start=0, end=22, code="udmattet")
    >>> coder = train(notes, manual, min_cases=1)
    >>> coder.verdicts.to_dict()
    {'udmattet': 'alene'}
    >>> coder.code("Far virker meget træt. De spiser.")[["start", "end", "code"]].values.tolist()
    [[0, 22, 'udmattet']]
    """
    notes = check_notes(notes)
    codings = check_codings(manual_codings, notes)
    codings = codings[codings["source"] == "manual"]
    if not len(codings):
        raise InputError(
            "no coding has the source 'manual'", fix="confirm codings in a review, then train on those"
        )
    codebook = (base.codebook if base is not None else Codebook.load()).model_copy(deep=True)
    codes = _codes_to_learn(codebook, codings)
    sentences = sentence_table(notes)
    truth = truth_table(sentences, codings, codes)
    learnable = [code for code in codes if truth[code].sum() >= MIN_EXAMPLES]
    if not learnable:
        raise InputError(
            f"no code has {MIN_EXAMPLES} coded sentences ({len(sentences)} sentences in all)",
            fix="code more notes by hand",
        )
    groups = sentences["case_id"].to_numpy()
    if len(set(groups)) < 2:
        raise InputError("the notes are of one case only", fix="code notes of at least two cases, better ten")
    own = base.ensemble if base is not None else None
    fit = fit_ensemble(
        sentences, truth[learnable], groups, base=own, min_cases=min_cases, goal=goal, seed=seed
    )
    coder = TrainedCoder(codebook, fit.ensemble, name=name)
    coder.evaluation = fit.evaluation(truth[learnable], groups, coder.tier)
    coder.verdicts = verdicts(coder.evaluation)
    return coder


def verdicts(evaluation: Evaluation) -> pd.Series:
    """Say per code whether it may be used alone, with review, or not at all."""
    table = evaluation.table
    alone = (table["precision_low"] >= 0.8) & (table["recall_low"] >= 0.8)
    review = table["f1"] >= 0.5
    alone_word, review_word, no_word = VERDICTS
    return pd.Series(
        np.select([alone, review], [alone_word, review_word], no_word), index=table.index, name="verdict"
    )


def fit_ensemble(
    sentences: pd.DataFrame,
    truth: pd.DataFrame,
    groups: np.ndarray,
    *,
    base: Ensemble | None = None,
    encoder: SentenceEncoder | None = None,
    encoder_logits: np.ndarray | None = None,
    folds_by: np.ndarray | None = None,
    only_learn: np.ndarray | None = None,
    min_cases: int = 5,
    goal: str = "f1",
    seed: int = 0,
) -> Fit:
    """Fit word and vector models, and their combination from out-of-fold log odds.

    Parameters
    ----------
    sentences
        From :func:`dagbog_nlp.notes.sentences.sentence_table`, n rows.
    truth
        bool [n, n_codes].
    groups
        Case of each sentence, [n].
    base
        Models that have not seen these sentences; their answers join as they are.
    encoder, encoder_logits
        For a model whose encoder was tuned on these sentences: the encoder, and out-of-fold log odds
        of its heads, float [n, n_codes]. With logits alone the accurate tier is judged but not built.
    folds_by
        Groups to keep whole in cross-validation, [n]; `groups` when None.
    only_learn
        bool [n]: sentences that are learnt from in every fold and never judged.
    min_cases, goal, seed
        As in :func:`train`.
    """
    codes = list(truth.columns)
    judged = np.ones(len(sentences), dtype=bool) if only_learn is None else ~only_learn
    folds = _folds(groups if folds_by is None else folds_by, judged)
    texts = sentences["text"].to_numpy()
    words = {f"base_{name}": model for name, model in (base.words if base else {}).items()}
    vectors = {f"base_{name}": model for name, model in (base.vectors if base else {}).items()}
    if encoder is None and base is not None:
        encoder = base.encoder
    fixed = Ensemble(dict(words), {}, dict(vectors), encoder)
    word_model = SentenceClassifier(WordFeatures(min_groups=min_cases))
    logits = {WORDS: out_of_fold(word_model, texts, truth, groups, folds)}
    logits |= {view: fixed.logits(sentences, [view], codes)[:, 0] for view in words}
    tiers = {"fast": list(logits)}
    words[WORDS] = clone(word_model).fit(texts, truth, groups=groups)
    if encoder_logits is not None:
        logits[ENCODER_VIEW] = encoder_logits
    elif encoder is not None:
        logits |= {view: fixed.logits(sentences, [view], codes)[:, 0] for view in (ENCODER_VIEW, *vectors)}
        vector_model = SentenceClassifier("passthrough", C=_VECTOR_C)
        encoded = encoder.encode(sentences).vectors
        logits[VECTORS] = out_of_fold(vector_model, encoded, truth, groups, folds)
        vectors[VECTORS] = clone(vector_model).fit(encoded, truth)
    if len(logits) > len(tiers["fast"]):
        tiers["accurate"] = list(logits)
    combinations, probabilities, decided = {}, {}, {}
    for tier, views in tiers.items():
        stacked = np.stack([logits[view] for view in views], axis=1)

        def combine(rows: np.ndarray, stacked: np.ndarray = stacked, views: list[str] = views) -> Combination:
            return fit_combination(
                stacked[rows],
                truth.to_numpy()[rows],
                codes=codes,
                views=views,
                groups=groups[rows],
                goal=goal,
                seed=seed,
            )

        probabilities[tier], decided[tier] = np.zeros(truth.shape), np.zeros(truth.shape, dtype=bool)
        for judge in folds:
            others = combine(np.setdiff1d(np.flatnonzero(judged), judge))
            probabilities[tier][judge] = others.probabilities(stacked[judge])
            decided[tier][judge] = others.decide(probabilities[tier][judge])
        hits = (truth.to_numpy() & decided[tier])[judged].sum(axis=0)
        combinations[tier] = replace(
            combine(np.flatnonzero(judged)),
            precision=hits / np.maximum(decided[tier][judged].sum(axis=0), 1),
            recall=hits / np.maximum(truth.to_numpy()[judged].sum(axis=0), 1),
        )
    if encoder is None:
        combinations.pop("accurate", None)
    return Fit(Ensemble(words, combinations, vectors, encoder), probabilities, decided, judged)


def _folds(folds_by: np.ndarray, judged: np.ndarray) -> list[np.ndarray]:
    rows = np.flatnonzero(judged)
    n_folds = min(FOLDS, len(set(folds_by[rows])))
    return [rows[part] for _, part in GroupKFold(n_folds).split(rows, groups=folds_by[rows])]


def out_of_fold(
    model: SentenceClassifier,
    inputs: np.ndarray,
    truth: pd.DataFrame,
    groups: np.ndarray,
    folds: list[np.ndarray],
) -> np.ndarray:
    """Return log odds by a model that was fitted without the sentence's fold, float32 [n, n_codes]."""
    out = np.zeros(truth.shape, dtype=np.float32)
    for judge in folds:
        learn = np.setdiff1d(np.arange(len(truth)), judge)
        fitted = clone(model).fit(inputs[learn], truth.iloc[learn], groups=groups[learn])
        out[judge] = fitted.decision_function(inputs[judge])
    return out


def _codes_to_learn(codebook: Codebook, codings: pd.DataFrame) -> list[str]:
    keyword_codes = set(codebook.keyword_codes)
    used: Sequence[str] = sorted(set(codings["code"]) - keyword_codes)
    for path in used:
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            place = "/".join(parts[:depth])
            if place not in codebook:
                codebook.codes.append(Code(path=place, label=parts[depth - 1].replace("_", " ").capitalize()))
    wanted = {"/".join(path.split("/")[: depth + 1]) for path in used for depth in range(path.count("/") + 1)}
    return [path for path in codebook.paths if path in wanted and path not in keyword_codes]
