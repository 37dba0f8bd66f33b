"""The autocoder: notes in, codings out, by keyword rules and trained classifiers together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from tqdm.auto import tqdm

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.ensemble import Ensemble
from dagbog_nlp.coding.explanation import (
    Explanation,
    WordWeights,
    linear_shares,
    occluded_word_weights,
)
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.coding.sentence_coder import SentenceCoder
from dagbog_nlp.errors import InputError, NotFittedError
from dagbog_nlp.notes.sentences import sentence_table
from dagbog_nlp.tables import CODINGS, check_notes, empty

CHUNK = 2000
_CHUNKS_A_WORKER = 4
_SLOWER = 10


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
        self._coder: tuple[tuple[str | int, ...], SentenceCoder] | None = None

    def __repr__(self) -> str:
        codes = len(self.codebook)
        return f"Autocoder(name={self.name!r}, tier={self.tier!r}, codes={codes}, model={self.model!r})"

    @property
    def errors(self) -> pd.DataFrame | None:
        """The classifiers' known error: ``precision`` and ``recall`` by code, for :func:`profile_cases`.

        Cross-validated on the training notes; codes that were never found are left out. None where
        nothing was measured.
        """
        known = self.ensemble.combinations[self.tier] if self.ensemble is not None else None
        if known is None or known.precision is None or known.recall is None:
            return None
        errors = pd.DataFrame({"precision": known.precision, "recall": known.recall}, index=known.codes)
        return errors[errors["recall"] > 0]

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
        return self._in_chunks("_code_chunk", _as_notes(notes), n_jobs, progress, CODINGS)

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
        return self._in_chunks("_score_chunk", _as_notes(notes), n_jobs, progress, columns)

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
        return self._sentence_coder().keywords

    def _sentence_coder(self) -> SentenceCoder:
        version = (self.codebook.hash, self.tier, self.name, self.model, id(self.ensemble))
        if self._coder is None or self._coder[0] != version:
            coder = SentenceCoder(
                self.codebook, self.ensemble, self.tier, columns={"coder": self.name, "model": self.model}
            )
            self._coder = (version, coder)
        return self._coder[1]

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_coder": None}

    def _code_chunk(self, notes: pd.DataFrame) -> pd.DataFrame:
        return self._sentence_coder().code(notes)

    def _score_chunk(self, notes: pd.DataFrame) -> pd.DataFrame:
        return self._sentence_coder().score(notes, self._scored_codes())

    def _in_chunks(
        self, work: str, notes: pd.DataFrame, n_jobs: int, progress: bool, columns: dict[str, str]
    ) -> pd.DataFrame:
        size = CHUNK if self.tier == "fast" else max(1, CHUNK // _SLOWER)
        workers = effective_n_jobs(n_jobs)
        if workers > 1:
            size = min(size, max(1, -(-len(notes) // (workers * _CHUNKS_A_WORKER))))
        chunks = [notes.iloc[at : at + size].reset_index(drop=True) for at in range(0, len(notes), size)]
        calls: Iterable[Any]
        if workers > 1 and len(chunks) > 1:
            token = self._sentence_coder().token
            calls = (delayed(_work)(token, self, work, chunk) for chunk in chunks)
        else:
            calls = (delayed(getattr(self, work))(chunk) for chunk in chunks)
        done = Parallel(n_jobs=n_jobs if len(chunks) > 1 else 1, return_as="generator")(calls)
        shown = tqdm(total=len(notes), unit="notes", disable=not progress)
        parts = []
        for part, chunk in zip(done, chunks, strict=True):
            shown.update(len(chunk))
            if len(part):
                parts.append(part)
        shown.close()
        if len(parts) < 2:
            return parts[0] if parts else empty(columns)
        return pd.concat(parts, ignore_index=True)


_CODERS: dict[str, Autocoder] = {}


def _work(token: str, coder: Autocoder, work: str, chunk: pd.DataFrame) -> pd.DataFrame:
    """Code a chunk in another process, with the first copy of the coder that came: it knows words by now."""
    known = _CODERS.get(token)
    if known is None:
        known = coder
        _CODERS.clear()
        _CODERS[token] = coder
    result: pd.DataFrame = getattr(known, work)(chunk)
    return result


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
