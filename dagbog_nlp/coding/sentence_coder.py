"""From notes to coding rows: cut a chunk of notes, ask keyword rules and classifiers, place the cues."""

from __future__ import annotations

import threading
from typing import NamedTuple
from uuid import uuid4

import numpy as np
import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.codebook.split_words import function_words
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.coding.explanation import WORD_CORE, carrying_pieces
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.coding.sentence_pieces import NoteSentences, SentencePieces
from dagbog_nlp.coding.word_table import PieceTable
from dagbog_nlp.tables import CODINGS, coding_ids, empty

_LOCK = threading.RLock()
_WEAK_CUE = 0.25


class _Found(NamedTuple):
    """What the classifiers give: sentence, code's place, score, and the words that carried it, each [n]."""

    row: np.ndarray
    code: np.ndarray
    score: np.ndarray
    cue_start: np.ndarray
    cue_end: np.ndarray
    no_cue: np.ndarray


class SentenceCoder:
    """Codes and scores chunks of notes; a piece of text is looked at when it is first met.

    Parameters
    ----------
    codebook, ensemble, tier
        As of :class:`~dagbog_nlp.coding.autocoder.Autocoder`; the codebook does not change.
    columns
        Who codes: ``coder`` and ``model``.

    Attributes
    ----------
    token
        Tells it from every other, also in other processes.
    """

    def __init__(
        self, codebook: Codebook, ensemble: Ensemble | None, tier: str, columns: dict[str, str]
    ) -> None:
        self.token = uuid4().hex
        self.keywords = KeywordCoder(codebook)
        self._ensemble = ensemble
        self._tier = tier
        self._columns = columns | {"codebook": codebook.hash}
        classified = ensemble.codes if ensemble is not None else ()
        self._paths = pd.Index(sorted({*classified, *codebook.keyword_codes}), dtype="str")
        self._cutter = SentencePieces()
        self._may_hit = PieceTable(self._find_hot)
        self._cores = PieceTable(_find_cores)

    def code(self, notes: pd.DataFrame) -> pd.DataFrame:
        """Return the codings table of some notes."""
        with _LOCK:
            sentences = self._cutter.cut(notes["text"].to_list())
            hits = self._hits(notes, sentences)
            found = self._by_classifier(notes, sentences)
        return self._table(notes, sentences, found, hits)

    def _table(
        self, notes: pd.DataFrame, sentences: NoteSentences, found: _Found, hits: pd.DataFrame
    ) -> pd.DataFrame:
        """Put what classifiers found and keywords hit in the order of the notes, sentence by sentence."""
        n_found, n = len(found.row), len(found.row) + len(hits)
        if not n:
            return empty(CODINGS)
        row = np.concatenate([found.row, hits["row"].to_numpy()])
        code = np.concatenate([found.code, self._paths.get_indexer(hits["code"])])
        order = np.lexsort((code, np.arange(n) >= n_found, row))
        row, code = row[order], code[order]
        by_rule = order >= n_found
        hit = np.where(by_rule, order - n_found, -1)
        note = sentences.note[row]
        columns = {name: notes[name].array.take(note) for name in ("case_id", "note_id", "date")}
        columns["start"], columns["end"] = sentences.start[row], sentences.end[row]
        columns["code"] = self._paths.array.take(code)
        columns["score"] = np.concatenate([found.score, np.ones(len(hits))])[order]
        columns["source"] = pd.array(["classifier", "keyword"], dtype="str").take(by_rule.astype(np.intp))
        no_cue = np.concatenate([found.no_cue, np.zeros(len(hits), dtype=bool)])[order]
        for name, theirs in (("cue_start", found.cue_start), ("cue_end", found.cue_end)):
            cues = np.concatenate([theirs, hits[name].to_numpy()])[order]
            columns[name] = pd.arrays.IntegerArray(cues, no_cue.copy())
        for name in ("rule_id", "holder", "context"):
            columns[name] = hits[name].array.take(hit, allow_fill=True)
        for name in ("negated", "hypothetical", "reported"):
            columns[name] = np.append(hits[name].to_numpy(), False)[hit]
        for name, value in self._columns.items():
            without = by_rule if name == "model" else np.zeros(n, dtype=bool)
            columns[name] = pd.array([value], dtype="str").take(-without.astype(np.intp), allow_fill=True)
        table = pd.DataFrame({name: columns[name] for name in CODINGS if name != "coding_id"})
        table.insert(0, "coding_id", coding_ids(table))
        return table

    def score(self, notes: pd.DataFrame, codes: list[str]) -> pd.DataFrame:
        """Return a row per sentence: its place, and a column per code."""
        with _LOCK:
            sentences = self._cutter.cut(notes["text"].to_list())
            scores = np.zeros((len(sentences.pieces), len(codes)))
            if self._ensemble is not None:
                scores[:, : len(self._ensemble.codes)] = self._probabilities(notes, sentences)
            hits = self._hits(notes, sentences)
        scores[hits["row"].to_numpy(), hits["code"].map(codes.index).to_numpy(dtype=np.intp)] = 1.0
        place = notes[["case_id", "note_id"]].take(sentences.note).reset_index(drop=True)
        place = place.assign(start=sentences.start, end=sentences.end)
        return pd.concat([place, pd.DataFrame(scores, columns=codes)], axis=1)

    def _hits(self, notes: pd.DataFrame, sentences: NoteSentences) -> pd.DataFrame:
        """Ask the keyword rules about the sentences that hold a word of theirs."""
        (hot,) = self._may_hit.rows(sentences.pieces.vocabulary)
        at = np.flatnonzero(hot[sentences.pieces.numbers])
        rows = np.unique(np.searchsorted(sentences.pieces.bounds, at, side="right") - 1)
        hits = self.keywords.find(sentences.texts(notes, rows), sentences.start[rows])
        return hits.assign(row=rows[hits["row"].to_numpy()])

    def _probabilities(self, notes: pd.DataFrame, sentences: NoteSentences) -> np.ndarray:
        ensemble = self._trained()
        needs_text = ensemble.needs_encoder(ensemble.combinations[self._tier].views)
        table = sentences.table(notes) if needs_text else None
        return ensemble.probabilities(table, self._tier, sentences.pieces)

    def _by_classifier(self, notes: pd.DataFrame, sentences: NoteSentences) -> _Found:
        if self._ensemble is None:
            nothing = np.zeros(0, dtype=np.int64)
            return _Found(nothing, nothing, nothing.astype(float), nothing, nothing, nothing.astype(bool))
        codes = self._ensemble.codes
        probabilities = self._probabilities(notes, sentences)
        decided = most_specific(self._ensemble.decide(probabilities, self._tier), codes)
        row, column = np.nonzero(decided)
        code = self._paths.get_indexer(codes)[column]
        return _Found(row, code, probabilities[row, column], *self._cues(sentences, row, column))

    def _cues(
        self, sentences: NoteSentences, row: np.ndarray, column: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the words that carried each decision, as offsets into the note, by the first view of words;
        and where there are none.
        """
        ensemble = self._trained()
        classifier = ensemble.words[ensemble.combinations[self._tier].views[0]]
        theirs = {code: place for place, code in enumerate(classifier.codes_)}
        speaks = np.array([theirs.get(code, -1) for code in ensemble.codes])[column]
        known = np.flatnonzero(speaks >= 0)
        start, end = np.zeros(len(row), dtype=np.int64), np.zeros(len(row), dtype=np.int64)
        missing = np.ones(len(row), dtype=bool)
        if classifier.word_scores is not None and len(known):
            chosen = sentences.pieces.take(row[known])
            cores = (table[chosen.numbers] for table in self._cores.rows(chosen.vocabulary))
            left, right, weight, closed = cores
            shares = classifier.word_scores.shares(chosen, speaks[known]) * weight
            first, last = carrying_pieces(np.where(right > 0, shares, -np.inf), chosen.bounds, closed)
            places = sentences.piece_start
            shift = sentences.pieces.bounds[row[known]] - chosen.bounds[:-1]
            start[known] = places[first + shift] + left[first]
            end[known] = places[last + shift] + right[last]
            missing[known] = first < 0
        return start, end, missing

    def _trained(self) -> Ensemble:
        assert self._ensemble is not None
        return self._ensemble

    def _find_hot(self, types: list[str]) -> tuple[np.ndarray, ...]:
        return (self.keywords.may_hit(types),)


def _find_cores(types: list[str]) -> tuple[np.ndarray, ...]:
    """Find in each piece where its words begin and end, what they weigh as a cue, and if a mark ends it.

    A piece without words begins and ends at 0.
    """
    found = [WORD_CORE.search(piece) for piece in types]
    spans = np.array([match.span() if match else (0, 0) for match in found], dtype=np.int64).reshape(-1, 2)
    weak = function_words()
    weights = [_WEAK_CUE if match and match.group().lower() in weak else 1.0 for match in found]
    closed = spans[:, 1] < np.array([len(piece) for piece in types], dtype=np.int64)
    return spans[:, 0], spans[:, 1], np.array(weights), closed


def most_specific(decided: np.ndarray, codes: tuple[str, ...]) -> np.ndarray:
    """Drop a parent where one of its subcodes is given, bool [n, n_codes].

    Examples
    --------
    >>> most_specific(np.array([[True, True], [True, False]]), ("a", "a/b")).tolist()
    [[False, True], [True, False]]
    """
    out = decided.copy()
    for column, code in enumerate(codes):
        children = [other for other, path in enumerate(codes) if path.startswith(f"{code}/")]
        if children:
            out[:, column] &= ~decided[:, children].any(axis=1)
    return out
