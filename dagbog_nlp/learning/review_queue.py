"""Which sentences a person should look at, and what their answers say about all sentences.

The queue takes the sentences that teach most, and draws the others at random from what is left, so
that prevalence, precision and recall can be estimated for the whole material: the chosen sentences
stand for themselves, a random one stands for as many as its weight says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dagbog_nlp.errors import InputError
from dagbog_nlp.learning.review import Review

PLACE = ["case_id", "note_id", "start", "end"]
MIX = {"uncertain": 0.35, "disagreement": 0.15, "rare": 0.15, "marked": 0.1, "unmarked": 0.25}
CHOSEN = "chosen"
_RANDOM = ("marked", "unmarked")
Marks = NDArray[np.bool_]


def review_queue(
    scores: pd.DataFrame,
    budget: int = 200,
    *,
    codings: pd.DataFrame | None = None,
    thresholds: float | Mapping[str, float] = 0.5,
    mix: Mapping[str, float] = MIX,
    seed: int = 0,
) -> pd.DataFrame:
    """Choose sentences for review.

    Parameters
    ----------
    scores
        One row per sentence: ``case_id, note_id, start, end`` and a probability per code.
    budget
        How many sentences a person has time for.
    codings
        What the coder decided. Without it a code is given where its score reaches its threshold.
    thresholds
        One for all codes, or one per code.
    mix
        Shares of the budget: ``uncertain`` (score near the threshold, code by code),
        ``disagreement`` (subcode against family, or two coders of `codings` against each other),
        ``rare`` (likeliest sentences of the rarest codes), and at random ``marked`` and
        ``unmarked`` (sentences with and without a code).
    seed
        Of the random part.

    Returns
    -------
    pandas.DataFrame
        ``case_id, note_id, start, end, reason, code, stratum, weight`` in the order of `scores`.
        ``code`` is the one that gave the reason, blank for a random sentence. ``stratum`` is
        ``chosen``, ``marked`` or ``unmarked``; ``weight`` is how many sentences of its stratum the
        sentence stands for.

    Raises
    ------
    InputError
        When there are no sentences, the budget is not positive, or the mix names an unknown part.

    Examples
    --------
    >>> scores = pd.DataFrame({"case_id": "S1", "note_id": [f"N{i}" for i in range(100)], "start": 0,
    ...                        "end": 9, "vrede": [i / 100 for i in range(100)]})
    >>> queue = review_queue(scores, budget=20)
    >>> len(queue), queue["weight"].sum().round(6)
    (20, np.float64(100.0))
    """
    if len(scores) == 0 or budget < 1 or set(mix) - set(MIX):
        raise InputError(
            "there are no sentences, no budget, or an unknown part of the mix",
            fix=f"give scores, a budget of 1 or more, and parts among {', '.join(MIX)}",
        )
    codes = score_codes(scores)
    values, limits = scores[codes].to_numpy(float), _limits(codes, thresholds)
    marks = marked(scores, codings=codings, thresholds=thresholds)
    rankings = {
        "disagreement": _disagreements(scores, values, limits, codes, codings),
        "rare": _rare(values, marks),
        "uncertain": _uncertain(values, limits),
    }
    chosen: dict[int, tuple[str, int]] = {}
    wanted = {part: round(budget * mix.get(part, 0) / sum(mix.values())) for part in MIX}
    for reason, ranking in rankings.items():
        _take(chosen, ranking, wanted[reason], reason)
    rng = np.random.default_rng(seed)
    rest = np.array([row for row in range(len(scores)) if row not in chosen], dtype=int)
    pools = {"marked": rest[marks[rest].any(axis=1)], "unmarked": rest[~marks[rest].any(axis=1)]}
    left = max(budget - len(chosen), 0)
    sizes = {"marked": min(len(pools["marked"]), wanted["marked"], left)}
    sizes["unmarked"] = min(len(pools["unmarked"]), left - sizes["marked"])
    sizes["marked"] = min(len(pools["marked"]), left - sizes["unmarked"])
    rows: list[tuple[int, str, str | None, str, float]] = [
        (row, reason, codes[column], CHOSEN, 1.0) for row, (reason, column) in chosen.items()
    ]
    for part, size in sizes.items():
        drawn = rng.choice(pools[part], size=size, replace=False)
        rows += [(int(row), "random", None, part, len(pools[part]) / size) for row in drawn]
    table = pd.DataFrame(
        sorted(rows, key=lambda row: row[0]), columns=["row", "reason", "code", "stratum", "weight"]
    )
    places = scores[PLACE].iloc[table["row"]].reset_index(drop=True)
    return pd.concat([places, table.drop(columns="row").astype({"code": "str"})], axis=1)


def estimate_from_review(
    scores: pd.DataFrame,
    queue: pd.DataFrame,
    review: Review,
    *,
    codings: pd.DataFrame | None = None,
    thresholds: float | Mapping[str, float] = 0.5,
    confidence: float = 0.95,
    draws: int = 4000,
    seed: int = 0,
) -> pd.DataFrame:
    """Estimate prevalence, precision and recall in all sentences from the reviewed ones.

    The sample is stratified: by the queue's strata and, within them, by whether the code was
    given. Unreviewed sentences of a stratum are taken to be like its reviewed ones; the uncertainty
    about them is a Beta distribution with Jeffreys' prior for each stratum, carried through by
    simulation. As Brown, Cai and DasGupta (2001, Statistical Science 16, 101-133) advise for a
    single stratum, an interval is widened to the estimate where none or all were found. The
    intervals speak about these very sentences, not about other cases.

    Parameters
    ----------
    scores, codings, thresholds
        As they were for :func:`review_queue`.
    queue
        What it gave.
    review
        The answers; skipped sentences count as not reviewed.
    confidence
        Of the intervals.
    draws, seed
        Of the simulation.

    Returns
    -------
    pandas.DataFrame
        One row per code: ``code, reviewed, found, marked``, and ``prevalence`` (share of all
        sentences), ``precision, recall``, each with ``_low`` and ``_high``.

    Examples
    --------
    >>> from dagbog_nlp.learning.review import decision_table
    >>> scores = pd.DataFrame({"case_id": "S1", "note_id": [f"N{i}" for i in range(100)], "start": 0,
    ...                        "end": 9, "vrede": [i / 100 for i in range(100)]})
    >>> queue = review_queue(scores, budget=20)
    >>> verdict = ["accepted" if int(note[1:]) >= 60 else "rejected" for note in queue["note_id"]]
    >>> answers = decision_table(queue.assign(code="vrede", verdict=verdict).to_dict("records"))
    >>> table = estimate_from_review(scores, queue, Review(answers, pd.DataFrame()))
    >>> table[["code", "reviewed", "prevalence", "precision"]].round(2).values.tolist()
    [['vrede', 20, 0.46, 0.92]]
    """
    codes = score_codes(scores)
    marks = marked(scores, codings=codings, thresholds=thresholds)
    place = pd.MultiIndex.from_frame(scores[PLACE[1:]])
    queued = place.get_indexer(pd.MultiIndex.from_frame(queue[PLACE[1:]]))
    if (queued < 0).any():
        raise InputError(
            "the queue holds sentences that the scores do not", fix="pass the scores it came from"
        )
    stratum = np.where(marks.any(axis=1), "marked", "unmarked").astype(object)
    stratum[queued[queue["stratum"].to_numpy() == CHOSEN]] = CHOSEN
    answered, truth = _answers(place, codes, review)
    seen = np.zeros(len(scores), dtype=bool)
    seen[queued] = answered[queued]
    rng = np.random.default_rng(seed)
    tail = (1 - confidence) / 2
    rows = []
    for column, code in enumerate(codes):
        total = {True: np.zeros(draws + 1), False: np.zeros(draws + 1)}
        for part in (CHOSEN, *_RANDOM):
            for mark in (True, False):
                cell = (stratum == part) & (marks[:, column] == mark)
                total[mark] += _cell_total(int(cell.sum()), truth[cell & seen, column], draws, rng)
        positives = total[True] + total[False]
        with np.errstate(invalid="ignore", divide="ignore"):
            found = {
                "prevalence": positives / len(scores),
                "precision": total[True] / marks[:, column].sum(),
                "recall": total[True] / positives,
            }
        row: dict[str, object] = {"code": code, "reviewed": int(seen.sum())}
        row |= {"found": int(truth[seen, column].sum()), "marked": int(marks[:, column].sum())}
        for name, values in found.items():
            point = values[0] if np.isfinite(values[0]) else float(np.median(values[1:]))
            low, high = np.quantile(values[1:], [tail, 1 - tail])
            row |= {name: point, f"{name}_low": min(low, point), f"{name}_high": max(high, point)}
        rows.append(row)
    return pd.DataFrame(rows)


def score_codes(scores: pd.DataFrame) -> list[str]:
    """Name the code columns of a table of scores: the numeric ones that are no place."""
    return [str(c) for c in scores if c not in PLACE and pd.api.types.is_float_dtype(scores[c])]


def marked(
    scores: pd.DataFrame, *, codings: pd.DataFrame | None, thresholds: float | Mapping[str, float]
) -> Marks:
    """Which codes each sentence was given, shape (sentences, codes); a subcode implies its parent."""
    codes = score_codes(scores)
    if codings is None:
        marks = scores[codes].to_numpy(float) >= _limits(codes, thresholds)
    else:
        rows = pd.MultiIndex.from_frame(scores[PLACE[1:]]).get_indexer(
            pd.MultiIndex.from_frame(codings[PLACE[1:]])
        )
        columns = pd.Index(codes).get_indexer(pd.Index(codings["code"]))
        marks = np.zeros((len(scores), len(codes)), dtype=bool)
        inside = (rows >= 0) & (columns >= 0)
        marks[rows[inside], columns[inside]] = True
    for column, code in enumerate(codes):
        marks[:, column] |= marks[:, _below(codes, code)].any(axis=1)
    return marks


def _below(codes: list[str], code: str) -> list[int]:
    return [column for column, other in enumerate(codes) if other.startswith(f"{code}/")]


def _limits(codes: list[str], thresholds: float | Mapping[str, float]) -> NDArray[np.float64]:
    if isinstance(thresholds, Mapping):
        return np.array([thresholds.get(code, 0.5) for code in codes])
    return np.full(len(codes), float(thresholds))


def _take(
    chosen: dict[int, tuple[str, int]], ranking: Iterable[tuple[int, int]], size: int, reason: str
) -> None:
    taken = 0
    for row, column in ranking:
        if taken >= size:
            return
        if row not in chosen:
            chosen[row] = (reason, column)
            taken += 1


def _in_turn(lists: list[tuple[int, NDArray[np.int64]]]) -> Iterable[tuple[int, int]]:
    """The best of each code, then the second best of each, and so on."""
    for rank in range(max((len(rows) for _, rows in lists), default=0)):
        for column, rows in lists:
            if rank < len(rows):
                yield int(rows[rank]), column


def _uncertain(values: NDArray[np.float64], limits: NDArray[np.float64]) -> Iterable[tuple[int, int]]:
    graded = ((values > 0) & (values < 1)).any(axis=0)
    far = np.abs(values - limits)
    return _in_turn([(int(c), np.argsort(far[:, c], kind="stable")) for c in np.flatnonzero(graded)])


def _rare(values: NDArray[np.float64], marks: Marks) -> Iterable[tuple[int, int]]:
    rarest = np.argsort(marks.sum(axis=0), kind="stable")[: max(1, len(marks[0]) // 2)]
    lists = []
    for column in rarest:
        likely = np.argsort(-values[:, column], kind="stable")
        lists.append((int(column), likely[values[likely, column] > 0]))
    return _in_turn(lists)


def _disagreements(
    scores: pd.DataFrame,
    values: NDArray[np.float64],
    limits: NDArray[np.float64],
    codes: list[str],
    codings: pd.DataFrame | None,
) -> Iterable[tuple[int, int]]:
    lists = []
    for column, code in enumerate(codes):
        below = _below(codes, code)
        if below:
            gap = (values[:, below] - limits[below]).max(axis=1) - (values[:, column] - limits[column])
            against = (values[:, below] >= limits[below]).any(axis=1) & (values[:, column] < limits[column])
            rows = np.argsort(-gap, kind="stable")
            lists.append((column, rows[against[rows]]))
        if codings is not None:
            mine = codings[codings["code"] == code]
            sides = [marked(scores[[*PLACE, code]], codings=part, thresholds=0.5)[:, 0] for _, part in
                     mine.groupby(["source", "coder"], sort=True)]  # fmt: skip
            if len(sides) > 1:
                split = np.any(sides, axis=0) & ~np.all(sides, axis=0)
                lists.append((column, np.flatnonzero(split)))
    return _in_turn(lists)


def _answers(place: pd.MultiIndex, codes: list[str], review: Review) -> tuple[Marks, Marks]:
    decisions = review.decisions
    rows = place.get_indexer(pd.MultiIndex.from_frame(decisions[PLACE[1:]]))
    answered = np.zeros(len(place), dtype=bool)
    answered[rows[rows >= 0]] = True
    truth = np.zeros((len(place), len(codes)), dtype=bool)
    yes = (decisions["verdict"].isin(["accepted", "added"])).to_numpy()
    for row, code in zip(rows[yes], decisions["code"][yes], strict=True):
        for column, known in enumerate(codes):
            if row >= 0 and (code == known or str(code).startswith(f"{known}/")):
                truth[row, column] = True
    return answered, truth


def _cell_total(size: int, found: Marks, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Positives among `size` sentences: first the plain estimate, then the simulated ones."""
    n, k = len(found), int(found.sum())
    plain = k + (size - n) * (k / n) if n else (0.0 if size == 0 else np.nan)
    return np.concatenate([[plain], k + (size - n) * rng.beta(k + 0.5, n - k + 0.5, size=draws)])
