"""Fit how models are combined: calibrated weights and decision thresholds, from out-of-fold log odds."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from dagbog_nlp.coding.combination import Combination, with_subcodes

_RIDGE = 1.0
_RESAMPLES = 30
_GOAL = re.compile(r"(recall|precision)>=(0?\.\d+|1(?:\.0)?)|cost=(\d+(?:\.\d+)?)|f1")


def fit_combination(
    logits: np.ndarray,
    truth: np.ndarray,
    *,
    codes: Sequence[str],
    views: Sequence[str],
    groups: np.ndarray,
    goal: str = "f1",
    seed: int = 0,
) -> Combination:
    """Fit weights, calibration and thresholds for each code.

    Weights are not negative and are drawn towards the weights that all codes share, so that a rare
    code cannot overfit its combination.

    Parameters
    ----------
    logits
        Log odds of sentences that the models were not trained on, float [n, n_views, n_codes].
    truth
        bool [n, n_codes].
    codes, views
        Names of the columns and of the views.
    groups
        Case of each sentence, [n]; thresholds are averaged over resamples of whole cases.
    goal
        What a threshold serves: ``"f1"``, ``"recall>=0.9"``, ``"precision>=0.9"`` or ``"cost=5"`` (a
        missed coding costs five false ones).
    seed
        Of the resampling.

    Returns
    -------
    Combination
    """
    n_codes = len(codes)
    heard = with_subcodes(logits, codes)
    shared, _ = _logistic(np.concatenate(list(heard.transpose(2, 0, 1))), truth.T.ravel(), None)
    weights, bias = np.zeros((n_codes, heard.shape[1])), np.zeros(n_codes)
    for column in range(n_codes):
        weights[column], bias[column] = _logistic(heard[:, :, column], truth[:, column], shared)
    raw = Combination(tuple(codes), tuple(views), weights, bias, np.full(n_codes, 0.5))
    probabilities = raw.probabilities(logits)
    thresholds = np.full(n_codes, 0.5)
    for column, code in sorted(enumerate(codes), key=lambda item: item[1].count("/")):
        parent = code.rpartition("/")[0]
        score = probabilities[:, column].copy()
        if parent in codes:
            above = list(codes).index(parent)
            score[probabilities[:, above] < thresholds[above]] = 0.0
        thresholds[column] = choose_threshold(truth[:, column], score, groups, goal=goal, seed=seed)
    return Combination(raw.codes, raw.views, weights, bias, thresholds)


def _logistic(logits: np.ndarray, truth: np.ndarray, towards: np.ndarray | None) -> tuple[np.ndarray, float]:
    n_views = logits.shape[1]
    centre = np.full(n_views, 1.0 / n_views) if towards is None else towards
    sign = np.where(truth, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (logits @ parameters[:-1] + parameters[-1])
        pull = parameters[:-1] - centre
        slope = -sign * expit(-margin)
        gradient = np.append(logits.T @ slope + 2 * _RIDGE * pull, slope.sum())
        return float(np.logaddexp(0, -margin).sum() + _RIDGE * pull @ pull), gradient

    start = np.append(centre, 0.0)
    bounds = [(0.0, None)] * n_views + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return found[:-1], float(found[-1])


def choose_threshold(
    truth: np.ndarray, scores: np.ndarray, groups: np.ndarray, *, goal: str = "f1", seed: int = 0
) -> float:
    """Choose the probability from which a code is given.

    Parameters
    ----------
    truth, scores, groups
        bool [n], calibrated probability [n], case [n].
    goal
        As in :func:`fit_combination`. For ``"f1"`` the mean of the best thresholds in 30 resamples of
        whole cases, which varies less than the single best one.

    Raises
    ------
    ValueError
        On a goal of another form.

    Examples
    --------
    >>> choose_threshold(np.array([True, False]), np.array([0.9, 0.2]), np.array(["A", "B"]), goal="cost=4")
    0.2
    """
    match = _GOAL.fullmatch(goal.replace(" ", ""))
    if match is None:
        raise ValueError(f"unknown goal {goal!r}: use 'f1', 'recall>=0.9', 'precision>=0.9' or 'cost=5'")
    if match[3]:
        return 1.0 / (1.0 + float(match[3]))
    if not truth.any():
        return 0.5
    _, group = np.unique(groups, return_inverse=True)
    order = np.argsort(-scores, kind="stable")
    descending, hits, group = scores[order], truth[order].astype(float), group[order]
    last_of_tie = np.append(descending[1:] != descending[:-1], True)

    def curves(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        true_positive, given = np.cumsum(hits * weight), np.cumsum(weight)
        recall = true_positive / max((hits * weight).sum(), 1e-9)
        precision = true_positive / np.maximum(given, 1e-9)
        return np.where(last_of_tie, precision, 0), np.where(last_of_tie, recall, 0)

    if match[1]:
        precision, recall = curves(np.ones(len(hits)))
        wanted, other = (recall, precision) if match[1] == "recall" else (precision, recall)
        reached = np.where(wanted >= float(match[2]), other, -1.0)
        return float(descending[reached.argmax()]) if reached.max() >= 0 else 0.5
    rng = np.random.default_rng(seed)
    best = []
    for _ in range(_RESAMPLES):
        drawn = np.bincount(rng.integers(group.max() + 1, size=group.max() + 1), minlength=group.max() + 1)
        precision, recall = curves(drawn[group].astype(float))
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        best.append(descending[f1.argmax()])
    return float(np.clip(np.mean(best), 0.02, 0.98))
