"""The autocoder: notes in, codings out, by keyword rules and trained classifiers together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.coding.explanation import (
    Explanation,
    WordWeights,
    carrying_words,
    linear_shares,
    linear_word_weights,
    occluded_word_weights,
)
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.errors import InputError, NotFittedError
from dagbog_nlp.notes.sentences import sentence_table
from dagbog_nlp.tables import CODINGS, check_notes, coding_ids, empty

CHUNK = 500


class Autocoder:
    """Codes notes with a codebook: keyword rules, and classifiers where they were trained.

    Parameters
    ----------
    codebook
        The codes and the keyword rules. It may be changed later (``coder.codebook.add(...)``).
    ensemble
        The trained models; None for a coder of keywords only.
    name
        Goes into the column ``coder``.
    model
        Hash of the model files, for the column ``model``.
    tier
        ``"accurate"`` or ``"fast"``; the best there is when None.

    Examples
    --------
    >>> coder = Autocoder(Codebook.load())
    >>> coder.code("Drengen søger øjenkontakt.")[["code", "cue_start", "cue_end"]].values.tolist()
    [['relationsarbejde/øjenkontakt', 14, 25]]
    """

    def __init__(
        self,
        codebook: Codebook,
        ensemble: Ensemble | None = None,
        *,
        name: str = "dagbog_nlp",
        model: str = "",
        tier: str | None = None,
    ) -> None:
        if ensemble is not None and tier is not None and tier not in ensemble.combinations:
            raise InputError(
                f"the model has no tier {tier}", fix=f"choose among {', '.join(ensemble.combinations)}"
            )
        self.codebook = codebook
        self.ensemble = ensemble
        self.name = name
        self.model = model
        self.tier = tier or (ensemble.best_tier if ensemble else "fast")
        self.folder: Path | None = None
        self._keyword_coder: tuple[str, KeywordCoder] | None = None

    def __repr__(self) -> str:
        codes = len(self.codebook)
        return f"Autocoder(name={self.name!r}, tier={self.tier!r}, codes={codes}, model={self.model!r})"

    def code(self, notes: Any, *, n_jobs: int = 1, progress: bool = False) -> pd.DataFrame:
        """Code notes.

        Parameters
        ----------
        notes
            The notes table (see :func:`dagbog_nlp.read_notes`), or one text.
        n_jobs
            How many processes share the work; -1 for all cores.
        progress
            Show a progress bar.

        Returns
        -------
        pandas.DataFrame
            The codings table (:data:`dagbog_nlp.tables.CODINGS`): one row per coded sentence and code,
            in the order of the notes. A subcode stands for its parent too; the parent has a row of its
            own only where no subcode was sure enough. No column holds text.

        Raises
        ------
        InputError
            When the notes break the contract of their table.
        """
        return self._in_chunks(self._code_chunk, _as_notes(notes), n_jobs, progress, empty(CODINGS))

    def score(self, notes: Any, *, n_jobs: int = 1, progress: bool = False) -> pd.DataFrame:
        """Score every sentence for every code.

        Parameters
        ----------
        notes, n_jobs, progress
            As for :meth:`code`.

        Returns
        -------
        pandas.DataFrame
            One row per sentence: ``case_id, note_id, start, end``, then one float column per code:
            the calibrated probability of a classified code; 1 or 0 for a keyword code.
        """
        columns = {"case_id": "str", "note_id": "str", "start": "int64", "end": "int64"}
        columns |= dict.fromkeys(self._scored_codes(), "float64")
        return self._in_chunks(self._score_chunk, _as_notes(notes), n_jobs, progress, empty(columns))

    def unsure(self, scores: pd.DataFrame, *, certainty: float = 0.8) -> pd.DataFrame:
        """Find the decisions that a person should look at.

        Parameters
        ----------
        scores
            From :meth:`score`.
        certainty
            A decision is unsure where neither yes nor no is at least so probable.

        Returns
        -------
        pandas.DataFrame
            One row per unsure decision: ``case_id, note_id, start, end, code, score``, least sure first.
        """
        codes = [code for code in self._classified() if code in scores]
        tidy = scores.melt(["case_id", "note_id", "start", "end"], codes, "code", "score")
        tidy = tidy[(tidy["score"] > 1 - certainty) & (tidy["score"] < certainty)]
        order = (tidy["score"] - 0.5).abs().sort_values(kind="stable").index
        return tidy.loc[order].reset_index(drop=True)

    def explain(self, note: Any, code: str) -> Explanation:
        """Show why a note got a code, or did not.

        Parameters
        ----------
        note
            A text, a row of the notes table, or a table of one note.
        code
            A code path.

        Returns
        -------
        Explanation
            For a keyword code the words that its rules hit; for a classified code the share of each
            word in the decision: exact for word models, by occlusion (leaving each word out) when
            the encoder takes part. It shows itself in a notebook.

        Raises
        ------
        CodebookError
            When the codebook has no such code.
        """
        label = self.codebook[code].label
        if isinstance(note, pd.Series):
            note = note.to_frame().T
        frame = _as_notes(note)
        if len(frame) != 1:
            raise InputError("explain takes one note", fix="pass a text or one row, notes.iloc[0]")
        sentences = sentence_table(frame)
        table = sentences[["start", "end"]].assign(
            score=0.0, threshold=1.0, coded=False, rule_id=None, context=None
        )
        weights: list[tuple[int, int, float]] = []
        hits = self._keywords().code(sentences)
        for hit in hits[hits["code"] == code].itertuples():
            table.loc[hit.row, ["score", "coded", "rule_id", "context"]] = [
                1.0,
                True,
                hit.rule_id,
                hit.context,
            ]
            weights.append((int(hit.cue_start), int(hit.cue_end), 1.0))
        if self.ensemble is not None and code in self.ensemble.codes:
            probabilities = self.ensemble.probabilities(sentences, self.tier)
            column = self.ensemble.codes.index(code)
            decided = self.ensemble.decide(probabilities, self.tier)[:, column]
            table["score"] = np.maximum(table["score"], probabilities[:, column])
            table["threshold"] = self.ensemble.combinations[self.tier].thresholds[column]
            table["coded"] |= decided
            for sentence in sentences.itertuples():
                for start, end, weight in self._weights(sentences, int(sentence.Index), code):
                    weights.append((int(sentence.start) + start, int(sentence.start) + end, weight))
        words = pd.DataFrame(weights, columns=["start", "end", "weight"])
        text = str(frame["text"].iloc[0])
        return Explanation(str(frame["note_id"].iloc[0]), code, label, text, table, words)

    def _weights(self, sentences: pd.DataFrame, row: int, code: str) -> WordWeights:
        """Weigh the words of one sentence of a note."""
        ensemble = self._trained()
        combination = ensemble.combinations[self.tier]
        column = combination.codes.index(code)
        text = str(sentences["text"].iloc[row])
        if not ensemble.needs_encoder(combination.views):
            return linear_shares(ensemble, combination, sentences.iloc[[row]], code)

        def log_odds(variants: list[str]) -> np.ndarray:
            notes = pd.concat([sentences] * len(variants), ignore_index=True)
            notes["note_id"] = np.repeat([str(number) for number in range(len(variants))], len(sentences))
            at = row + len(sentences) * np.arange(len(variants))
            notes.loc[at, "text"] = variants
            logits = ensemble.logits(notes, combination.views, combination.codes)
            return combination.log_odds(logits)[at, column]

        return occluded_word_weights(log_odds, text)

    def _classified(self) -> tuple[str, ...]:
        return self.ensemble.codes if self.ensemble is not None else ()

    def _scored_codes(self) -> list[str]:
        return [*self._classified(), *(c for c in self.codebook.keyword_codes if c not in self._classified())]

    def _trained(self) -> Ensemble:
        if self.ensemble is None:
            raise NotFittedError("this coder has keyword rules only; train one with dagbog_nlp.train")
        return self.ensemble

    def _keywords(self) -> KeywordCoder:
        version = self.codebook.hash
        if self._keyword_coder is None or self._keyword_coder[0] != version:
            self._keyword_coder = (version, KeywordCoder(self.codebook))
        return self._keyword_coder[1]

    def _code_chunk(self, notes: pd.DataFrame) -> pd.DataFrame:
        sentences = sentence_table(notes)
        parts = [self._keyword_codings(sentences), self._classifier_codings(sentences)]
        parts = [part for part in parts if len(part)]
        if not parts:
            return empty(CODINGS)
        codings = pd.concat(parts, ignore_index=True)
        codings = codings.sort_values(["row", "source", "code"], kind="stable", ignore_index=True)
        place = sentences.loc[codings["row"], ["case_id", "note_id", "date", "start", "end"]]
        codings = pd.concat([codings.drop(columns="row"), place.reset_index(drop=True)], axis=1)
        codings["coder"] = self.name
        codings["codebook"] = self.codebook.hash
        codings["coding_id"] = coding_ids(codings)
        return codings[list(CODINGS)].astype(CODINGS)

    def _keyword_codings(self, sentences: pd.DataFrame) -> pd.DataFrame:
        return self._keywords().code(sentences).assign(source="keyword", score=1.0, model=None)

    def _classifier_codings(self, sentences: pd.DataFrame) -> pd.DataFrame:
        if self.ensemble is None or not len(sentences):
            return pd.DataFrame()
        codes = self.ensemble.codes
        probabilities = self.ensemble.probabilities(sentences, self.tier)
        decided = most_specific(self.ensemble.decide(probabilities, self.tier), codes)
        rows, columns = np.nonzero(decided)
        if not len(rows):
            return pd.DataFrame()
        texts = sentences["text"].to_numpy()[rows].tolist()
        starts = sentences["start"].to_numpy()[rows]
        coded = [codes[column] for column in columns]
        view = self.ensemble.combinations[self.tier].views[0]
        cues = [
            carrying_words(found) for found in linear_word_weights(self.ensemble.words[view], texts, coded)
        ]
        return pd.DataFrame(
            {
                "row": rows,
                "code": coded,
                "score": probabilities[rows, columns],
                "cue_start": [
                    None if cue is None else start + cue[0] for start, cue in zip(starts, cues, strict=True)
                ],
                "cue_end": [
                    None if cue is None else start + cue[1] for start, cue in zip(starts, cues, strict=True)
                ],
                "source": "classifier",
                "model": self.model,
                "rule_id": None,
                "negated": False,
                "holder": None,
                "hypothetical": False,
                "reported": False,
                "context": None,
            }
        )

    def _score_chunk(self, notes: pd.DataFrame) -> pd.DataFrame:
        sentences = sentence_table(notes)
        scores = np.zeros((len(sentences), len(self._scored_codes())))
        position = {code: column for column, code in enumerate(self._scored_codes())}
        if self.ensemble is not None and len(sentences):
            scores[:, : len(self._classified())] = self.ensemble.probabilities(sentences, self.tier)
        hits = self._keywords().code(sentences)
        if len(hits):
            scores[hits["row"].to_numpy(), hits["code"].map(position).to_numpy()] = 1.0
        place = sentences[["case_id", "note_id", "start", "end"]]
        return pd.concat([place, pd.DataFrame(scores, columns=list(position))], axis=1)

    def _in_chunks(
        self, work: Any, notes: pd.DataFrame, n_jobs: int, progress: bool, nothing: pd.DataFrame
    ) -> pd.DataFrame:
        chunks = [notes.iloc[at : at + CHUNK] for at in range(0, len(notes), CHUNK)]
        calls: Iterable[Any] = (delayed(work)(chunk.reset_index(drop=True)) for chunk in chunks)
        done = Parallel(n_jobs=n_jobs if len(chunks) > 1 else 1, return_as="generator")(calls)
        shown = tqdm(done, total=len(chunks), unit=f"x{CHUNK} notes", disable=not progress)
        parts = [part for part in shown if len(part)]
        return pd.concat(parts, ignore_index=True) if parts else nothing


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


def _as_notes(notes: Any) -> pd.DataFrame:
    if isinstance(notes, str):
        notes = pd.DataFrame({"case_id": ["1"], "note_id": ["1"], "date": [pd.NaT], "text": [notes]})
    if hasattr(notes, "to_pandas") and not isinstance(notes, pd.DataFrame):
        notes = notes.to_pandas()
    if not isinstance(notes, pd.DataFrame):
        raise InputError(
            f"cannot code a {type(notes).__name__}", fix="pass a text or the table that read_notes returns"
        )
    return check_notes(notes) if len(notes) else notes
