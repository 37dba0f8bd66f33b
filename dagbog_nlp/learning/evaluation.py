"""How good codings are: precision, recall, F1, average precision and calibration, intervals by case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dagbog_nlp.coding.autocoder import Autocoder
from dagbog_nlp.coding.classifier import indicator
from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.sentences import sentence_table
from dagbog_nlp.tables import check_codings, check_notes

BINS = 10
_OVERLAP = 0.5


@dataclass(frozen=True)
class Evaluation:
    """The result of comparing a coder with manual codings.

    Attributes
    ----------
    table
        Indexed by code: ``sentences`` (coded by hand), ``precision, recall, f1``,
        ``average_precision`` and ``calibration_error`` (10 bins of equal width), each but the last with
        ``_low`` and ``_high`` (95 % percentile bootstrap over cases; Efron & Tibshirani 1993).
    calibration
        One row per code and bin: ``code, bin, sentences, mean_score, share_coded``.
    """

    table: pd.DataFrame
    calibration: pd.DataFrame

    def _repr_html_(self) -> str:
        shown = self.table[["sentences"]].copy()
        for name in ("precision", "recall", "f1", "average_precision"):
            shown[name] = [
                f"{value:.2f} ({low:.2f}-{high:.2f})"
                for value, low, high in zip(
                    self.table[name], self.table[f"{name}_low"], self.table[f"{name}_high"], strict=True
                )
            ]
        shown["calibration_error"] = self.table["calibration_error"].round(3)
        return shown.to_html()


def truth_table(sentences: pd.DataFrame, codings: pd.DataFrame, codes: Sequence[str]) -> pd.DataFrame:
    """Mark which sentence carries which code by hand.

    A coding counts for a sentence when it covers at least half of it, or lies in it with at least
    half of itself (people mark a word, a sentence or several sentences).

    Parameters
    ----------
    sentences
        From :func:`dagbog_nlp.notes.sentences.sentence_table`.
    codings
        A codings table.
    codes
        The columns wanted; a subcode counts for its parent too.

    Returns
    -------
    pandas.DataFrame
        bool [n_sentences, n_codes].
    """
    left = sentences[["note_id", "start", "end"]].reset_index(drop=True).rename_axis("row").reset_index()
    pairs = left.merge(codings[["note_id", "start", "end", "code"]], on="note_id", suffixes=("", "_coding"))
    shared = np.minimum(pairs["end"], pairs["end_coding"]) - np.maximum(pairs["start"], pairs["start_coding"])
    shortest = np.minimum(pairs["end"] - pairs["start"], pairs["end_coding"] - pairs["start_coding"])
    pairs = pairs[(shared > 0) & (shared >= _OVERLAP * shortest)]
    found: list[list[str]] = [[] for _ in range(len(sentences))]
    for row, code in zip(pairs["row"], pairs["code"], strict=True):
        found[row].append(code)
    return pd.DataFrame(indicator(found, list(codes)), columns=pd.Index(codes), index=sentences.index)


def evaluate(coder: Autocoder, notes: Any, manual_codings: pd.DataFrame, *, seed: int = 0) -> Evaluation:
    """Compare a coder with manual codings of the same notes.

    Parameters
    ----------
    coder
        Any :class:`~dagbog_nlp.coding.autocoder.Autocoder`. It must not have been trained on these notes.
    notes
        Notes that were read and coded in full: a sentence without a coding counts as not coded.
    manual_codings
        A codings table.
    seed
        Of the bootstrap.

    Returns
    -------
    Evaluation

    Examples
    --------
    >>> from dagbog_nlp.codebook.codebook import Codebook
    >>> notes = pd.DataFrame({"case_id": ["A"], "note_id": ["1"], "date": ["2024-01-01"],
    ...                       "text": ["Pigen græder. Vi spiser."]})
    >>> by_hand = pd.DataFrame({"case_id": ["A"], "note_id": ["1"], "start": [0], "end": [13],
    ...                         "code": ["relationsarbejde/gråd"]})
    >>> evaluate(Autocoder(Codebook.load()), notes, by_hand).table.loc["relationsarbejde/gråd", "f1"]
    np.float64(1.0)
    """
    notes = check_notes(notes)
    manual = check_codings(manual_codings, notes)
    scores = coder.score(notes)
    codes = [name for name in scores.columns[4:] if name in coder.codebook]
    sentences = sentence_table(notes)
    truth = truth_table(sentences, manual, codes)
    decided = truth_table(sentences, coder.code(notes), codes)
    return evaluate_scores(
        truth, scores[codes].to_numpy(), decided.to_numpy(), sentences["case_id"].to_numpy(), seed=seed
    )


def evaluate_scores(
    truth: pd.DataFrame,
    scores: np.ndarray,
    decided: np.ndarray,
    groups: np.ndarray,
    *,
    resamples: int = 300,
    seed: int = 0,
) -> Evaluation:
    """Evaluate scores and decisions against the truth, with intervals by resampling whole groups.

    Parameters
    ----------
    truth
        bool [n, n_codes], columns are codes.
    scores, decided
        float and bool [n, n_codes].
    groups
        Case (or writer) of each sentence, [n].
    """
    if not len(truth):
        raise InputError("there are no sentences to evaluate", fix="pass notes that hold text")
    names, group = np.unique(groups, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    drawn = np.vstack([np.ones(len(names), int), drawn]).astype(np.float32)
    rows, curves = {}, []
    for column, code in enumerate(truth.columns):
        gold = truth[code].to_numpy()
        row: dict[str, float] = {"sentences": int(gold.sum())}
        figures = _figures(gold, decided[:, column], group, drawn)
        figures["average_precision"] = _average_precision(gold, scores[:, column], group, drawn)
        for name, values in figures.items():
            row[name] = float(values[0])
            seen = values[1:][~np.isnan(values[1:])]
            row[f"{name}_low"], row[f"{name}_high"] = (
                np.percentile(seen, [2.5, 97.5]) if len(seen) else (np.nan, np.nan)
            )
        curve = calibration_curve(gold, scores[:, column]).assign(code=code)
        row["calibration_error"] = calibration_error(curve)
        rows[code] = row
        curves.append(curve)
    return Evaluation(pd.DataFrame.from_dict(rows, orient="index"), pd.concat(curves, ignore_index=True))


def _figures(
    gold: np.ndarray, given: np.ndarray, group: np.ndarray, drawn: np.ndarray
) -> dict[str, np.ndarray]:
    def of_groups(mask: np.ndarray) -> np.ndarray:
        return drawn @ np.bincount(group, weights=mask, minlength=drawn.shape[1])

    hits, all_given, all_gold = of_groups(gold & given), of_groups(given), of_groups(gold)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "precision": hits / all_given,
            "recall": hits / all_gold,
            "f1": 2 * hits / (all_given + all_gold),
        }


def _average_precision(
    gold: np.ndarray, scores: np.ndarray, group: np.ndarray, drawn: np.ndarray
) -> np.ndarray:
    order = np.argsort(-scores, kind="stable")
    hit, of, sorted_scores = gold[order], group[order], scores[order]
    last = np.append(np.flatnonzero(sorted_scores[1:] != sorted_scores[:-1]), len(order) - 1)
    out = np.full(len(drawn), np.nan)
    for number, weights in enumerate(drawn):
        weight = weights[of]
        true_positive, given = np.cumsum(weight * hit)[last], np.cumsum(weight)[last]
        if true_positive[-1] > 0:
            steps = np.diff(true_positive, prepend=0)
            out[number] = np.sum(steps * true_positive / np.maximum(given, 1e-9)) / true_positive[-1]
    return out


def calibration_curve(gold: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """Compare mean score and share coded in ten bins of equal width.

    Returns
    -------
    pandas.DataFrame
        ``bin, sentences, mean_score, share_coded``; bins without sentences are left out.
    """
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    frame = pd.DataFrame({"bin": bins, "score": scores, "gold": gold})
    grouped = frame.groupby("bin").agg(
        sentences=("gold", "size"), mean_score=("score", "mean"), share_coded=("gold", "mean")
    )
    return grouped.reset_index()


def calibration_error(curve: pd.DataFrame) -> float:
    """Return the expected calibration error: the mean distance in the bins, weighted by their sentences.

    Naeini, Cooper & Hauskrecht (2015).

    Examples
    --------
    >>> curve = calibration_curve(np.array([True, False]), np.array([0.9, 0.3]))
    >>> round(calibration_error(curve), 2)
    0.2
    """
    distance = (curve["mean_score"] - curve["share_coded"]).abs()
    return float((distance * curve["sentences"]).sum() / curve["sentences"].sum())
