"""Why a code was given: the words that carried a decision, exactly for linear models."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dagbog_nlp.coding.classifier import SentenceClassifier
from dagbog_nlp.coding.combination import Combination
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.coding.word_table import Pieces

_PIECE = re.compile(r"\S+")
WORD_CORE = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_STRONGEST = 0.75

WordWeights = list[tuple[int, int, float]]


@dataclass(frozen=True)
class Explanation:
    """Why one note got, or did not get, one code. Shows itself in a notebook.

    Attributes
    ----------
    note_id, code, label
        What is explained; `label` is the code's Danish name.
    text
        The note.
    sentences
        One row per sentence: ``start, end, score, threshold, coded, rule_id, context``. `score` and
        `threshold` are probabilities; a keyword code has score 1 where its rule hit.
    words
        One row per word that speaks for or against: ``start, end, weight`` (log odds; of the encoder
        the loss of log odds when the word is left out).
    """

    note_id: str
    code: str
    label: str
    text: str
    sentences: pd.DataFrame
    words: pd.DataFrame

    def __repr__(self) -> str:
        coded = int(self.sentences["coded"].sum())
        of = len(self.sentences)
        return f"Explanation(note_id={self.note_id!r}, code={self.code!r}, coded sentences: {coded} of {of})"

    def _repr_html_(self) -> str:
        strongest = float(self.words["weight"].abs().max()) if len(self.words) else 1.0
        shades = {
            (int(word.start), int(word.end)): float(word.weight) / max(strongest, 1e-9)
            for word in self.words.itertuples()
        }
        parts = []
        for sentence in self.sentences.itertuples():
            body = _shaded(self.text, int(sentence.start), int(sentence.end), shades)
            why = f"regel {html.escape(str(sentence.rule_id))}" if isinstance(sentence.rule_id, str) else ""
            score = f"{sentence.score:.0%} (grænse {sentence.threshold:.0%}) {why}"
            mark = "#1b7837" if sentence.coded else "#bbb"
            parts.append(
                f'<div style="border-left:4px solid {mark};padding:.15em .6em;margin:.2em 0">{body}'
                f' <small style="color:#666">{score}</small></div>'
            )
        return (
            f'<div style="max-width:48em;line-height:1.6"><b>{html.escape(self.label)}</b> '
            f"<small>notat {html.escape(self.note_id)}</small>{''.join(parts)}</div>"
        )


def _shaded(text: str, start: int, end: int, shades: dict[tuple[int, int], float]) -> str:
    out, at = [], start
    for (left, right), weight in sorted(shades.items()):
        if left < start or right > end:
            continue
        colour = "27,120,55" if weight > 0 else "178,24,43"
        out.append(html.escape(text[at:left]))
        out.append(
            f'<span title="{weight:+.2f}" style="background:rgba({colour},{abs(weight) * 0.5:.2f})">'
            f"{html.escape(text[left:right])}</span>"
        )
        at = right
    out.append(html.escape(text[at:end]))
    return "".join(out)


def word_spans(text: str) -> list[tuple[int, int]]:
    """Return the words of a text as offsets: what stands between white space, without marks at its edges.

    Examples
    --------
    >>> word_spans("m/mor, kl. 14.30 -")
    [(0, 5), (7, 9), (11, 16)]
    """
    return [
        (piece.start() + inner.start(), piece.start() + inner.end())
        for piece in _PIECE.finditer(text)
        if (inner := WORD_CORE.search(piece.group()))
    ]


def linear_word_weights(
    classifier: SentenceClassifier, texts: Sequence[str], codes: Sequence[str]
) -> list[WordWeights]:
    """Share the log odds that a word classifier gives a code among the words of the sentence, exactly.

    Each feature's contribution (weight times value) goes to the words that it occurs in, a word
    pair's in halves. What lies between words (punctuation) is left out.

    Parameters
    ----------
    texts, codes
        n sentences, and for each the code to explain.

    Returns
    -------
    list of list of (start, end, weight)
        For each sentence, offsets into it and log odds; empty where the classifier does not know the code.
    """
    position = {code: row for row, code in enumerate(classifier.codes_)}
    scores = classifier.word_scores
    known = [row for row, code in enumerate(codes) if code in position] if scores else []
    out: list[WordWeights] = [[] for _ in texts]
    if scores is None or not known:
        return out
    pieces = Pieces.of([texts[row] for row in known])
    shares = np.split(scores.shares(pieces, [position[codes[row]] for row in known]), pieces.bounds[1:-1])
    for row, of_row in zip(known, shares, strict=True):
        worded = [WORD_CORE.search(piece) is not None for piece in texts[row].split()]
        out[row] = [
            (*span, float(share)) for span, share in zip(word_spans(texts[row]), of_row[worded], strict=True)
        ]
    return out


def linear_shares(
    ensemble: Ensemble, combination: Combination, sentence: pd.DataFrame, code: str
) -> WordWeights:
    """Share the combined log odds of word models among the words of one sentence, exactly.

    Parameters
    ----------
    ensemble, combination
        The combination's views must all be word models.
    sentence
        One row, as :meth:`~dagbog_nlp.coding.ensemble.Ensemble.logits` takes it.
    """
    text = str(sentence["text"].iloc[0])
    logits = ensemble.logits(sentence, combination.views, combination.codes)
    column = combination.codes.index(code)
    below = [other for other, path in enumerate(combination.codes) if path.startswith(f"{code}/")]
    shares = np.zeros(len(word_spans(text)))
    for number, view in enumerate(combination.views):
        speakers = [(code, combination.weights[column, number])]
        if below:
            strongest = below[int(logits[0, number, below].argmax())]
            of_subcode = combination.weights[column, len(combination.views) + number]
            speakers.append((combination.codes[strongest], of_subcode))
        for speaker, scale in speakers:
            found = linear_word_weights(ensemble.words[view], [text], [speaker])[0]
            shares += scale * np.array([weight for _, _, weight in found] or np.zeros(len(shares)))
    return [(start, end, float(share)) for (start, end), share in zip(word_spans(text), shares, strict=True)]


def occluded_word_weights(log_odds: Callable[[list[str]], np.ndarray], text: str) -> WordWeights:
    """Weigh each word of a sentence by what its log odds lose when the word is left out (occlusion).

    Parameters
    ----------
    log_odds
        Gives the log odds, float [n], of n variants of the sentence.
    text
        The sentence.
    """
    spans = word_spans(text)
    variants = [text, *(text[:start] + text[end:] for start, end in spans)]
    whole, *without = log_odds(variants)
    return [(start, end, float(whole - other)) for (start, end), other in zip(spans, without, strict=True)]


def carrying_pieces(
    shares: np.ndarray, bounds: np.ndarray, closed: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Find in each sentence the word that spoke most for the code, with neighbours nearly as strong.

    Parameters
    ----------
    shares
        float [n_pieces]: what each piece spoke; minus infinity for one without a word.
    bounds
        int [n + 1]: where each sentence begins; none is empty.
    closed
        bool [n_pieces]: a mark ends the piece, so that no neighbour joins behind it.

    Returns
    -------
    first, last
        int64 [n]: the first and the last piece; -1 where no word spoke for the code.

    Examples
    --------
    >>> carrying_pieces(np.array([0.1, 1.0, 0.9, -0.2]), np.array([0, 3, 4]))
    (array([ 1, -1]), array([ 2, -1]))
    """
    if len(bounds) < 2:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    lengths = np.diff(bounds)
    strongest = np.maximum.reduceat(shares, bounds[:-1])
    place = np.arange(len(shares))
    best = np.minimum.reduceat(
        np.where(shares == np.repeat(strongest, lengths), place, len(shares)), bounds[:-1]
    )
    weak = shares < np.repeat(strongest * _STRONGEST, lengths)
    last_weak = np.maximum.accumulate(np.where(weak, place, -1))
    next_weak = np.minimum.accumulate(np.where(weak, place, len(shares))[::-1])[::-1]
    first = np.maximum(last_weak[best] + 1, bounds[:-1])
    last = np.minimum(next_weak[best], bounds[1:]) - 1
    if closed is not None:
        before = np.concatenate([[-1], np.maximum.accumulate(np.where(closed, place, -1))[:-1]])
        behind = np.minimum.accumulate(np.where(closed, place, len(shares))[::-1])[::-1]
        first, last = np.maximum(first, before[best] + 1), np.minimum(last, behind[best])
    spoke = strongest > 0
    return np.where(spoke, first, -1), np.where(spoke, last, -1)
