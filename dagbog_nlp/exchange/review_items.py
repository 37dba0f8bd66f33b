"""The sentences of one review, with what a reviewer needs to judge them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dagbog_nlp.codebook.codebook import Code, Codebook
from dagbog_nlp.errors import InputError
from dagbog_nlp.exchange.attributes import records
from dagbog_nlp.exchange.names import with_parents
from dagbog_nlp.notes.sentences import split_sentences
from dagbog_nlp.tables import check_codings, check_notes

FORMAT = "dagbog_nlp review 1"
REASONS = {
    "suggested": "foreslået",
    "uncertain": "usikker",
    "disagreement": "uenighed",
    "rare": "sjælden kode",
    "random": "stikprøve",
}
_HOW = {"keyword": "nøgleord", "classifier": "klassifikator", "manual": "kodet af {coder}"}


@dataclass(frozen=True)
class Suggestion:
    """A code suggested for a sentence.

    Parameters
    ----------
    code
        Its path.
    score
        Between 0 and 1.
    why
        In Danish, for the reviewer.
    cue
        Start and end, in code points of the note, of the words that carried it, or None.
    """

    code: str
    score: float
    why: str
    cue: tuple[int, int] | None


@dataclass(frozen=True)
class ReviewItem:
    """A sentence to judge.

    Parameters
    ----------
    key
        Changes when the place or the words of the sentence change.
    case_id, note_id, start, end
        Its place.
    reason
        Why it is asked about, in Danish; "" in a blind review.
    suggestions
        What a coder said; empty in a blind review.
    """

    key: str
    case_id: str
    note_id: str
    start: int
    end: int
    reason: str
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True)
class ReviewFile:
    """Everything that a review file shows.

    Parameters
    ----------
    items
        In the order of the notes.
    notes
        Row per note id: ``case_id, note_id, date, focus, text``.
    codes
        The codes to choose from.
    blind
        Show no suggestions.
    reviewer
        Name filled in beforehand, or "".
    """

    items: list[ReviewItem]
    notes: dict[str, dict[str, Any]]
    codes: list[Code]
    blind: bool
    reviewer: str

    @property
    def run(self) -> str:
        """Id of this review: the same notes, sentences, suggestions and codes give the same id."""
        parts = [f"{item.key}:{','.join(found.code for found in item.suggestions)}" for item in self.items]
        return digest(str(self.blind), *(code.path for code in self.codes), *parts)

    def sentence(self, item: ReviewItem) -> tuple[str, str, str]:
        """Return the sentence before, the sentence itself and the one after it."""
        text = str(self.notes[item.note_id]["text"])
        spans = split_sentences(text)
        before = [span for span in spans if span[1] <= item.start]
        after = [span for span in spans if span[0] >= item.end]
        near = before[-1] if before else (0, 0), (item.start, item.end), after[0] if after else (0, 0)
        first, middle, last = (text[start:end] for start, end in near)
        return first, middle, last


def digest(*parts: object) -> str:
    """Return 16 hexadecimal digits that change when any part changes."""
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).hexdigest()


def item_key(note_id: str, start: int, end: int, sentence: str) -> str:
    """Return the key of a sentence at a place."""
    return digest(note_id, start, end, sentence)


def seal(run: str, key: str, place: tuple[object, object, object], code: str = "") -> str:
    """Return what shows whether a row's ids (``note_id, start, end`` and the code) were edited."""
    return digest(run, key, *place, code)


def build_review(
    notes: pd.DataFrame,
    codings: pd.DataFrame,
    queue: pd.DataFrame | None,
    codebook: Codebook | None,
    *,
    blind: bool,
    reviewer: str,
) -> ReviewFile:
    """Gather the sentences of a review.

    Parameters
    ----------
    notes, codings
        The tables.
    queue
        From :func:`~dagbog_nlp.learning.review_queue.review_queue`; without it every coded sentence.
    codebook
        The codes to choose from; without it the codes of the codings.
    blind
        Leave the suggestions out.
    reviewer
        A name, or "".

    Returns
    -------
    ReviewFile

    Raises
    ------
    InputError
        When there is nothing to review, or a queued sentence is not in the notes.
    """
    notes = check_notes(notes)
    by_id = {row["note_id"]: row for row in records(notes)}
    given = check_codings(codings, notes) if len(codings) else codings
    known = {code.path: code for code in codebook} if codebook else {}
    paths = with_parents([*known, *(given["code"] if len(given) else [])])
    by_place: dict[tuple[str, int, int], dict[str, dict[str, Any]]] = {}
    for row in records(given):
        place = by_place.setdefault((row["note_id"], row["start"], row["end"]), {})
        best = place.get(row["code"])
        if best is None or row["score"] > best["score"]:
            place[row["code"]] = row
    if queue is None:
        wanted = dict.fromkeys(by_place, "suggested")
    else:
        wanted = {
            (row["note_id"], int(row["start"]), int(row["end"])): row["reason"] for row in records(queue)
        }
    order = {note_id: position for position, note_id in enumerate(by_id)}
    for note_id, start, end in wanted:
        if note_id not in by_id or not 0 <= start < end <= len(by_id[note_id]["text"]):
            raise InputError(
                "a queued sentence is not in the notes", note_id=note_id, start=start, end=end,
                fix="pass the notes that were scored",
            )  # fmt: skip
    items = []
    for (note_id, start, end), reason in sorted(
        wanted.items(), key=lambda pair: (order[pair[0][0]], *pair[0][1:])
    ):
        note = by_id[note_id]
        found = (
            [] if blind else [_suggestion(row) for row in by_place.get((note_id, start, end), {}).values()]
        )
        found.sort(key=lambda suggestion: (paths.index(suggestion.code), -suggestion.score))
        key = item_key(note_id, start, end, note["text"][start:end])
        shown = "" if blind else REASONS.get(reason, str(reason))
        items.append(ReviewItem(key, note["case_id"], note_id, start, end, shown, tuple(found)))
    if not items:
        raise InputError("there is nothing to review", fix="pass codings, or a queue from review_queue")
    codes = [known.get(path) or Code(path=path, label=_label(path)) for path in paths]
    return ReviewFile(items, by_id, codes, blind, reviewer)


def _label(path: str) -> str:
    return path.rpartition("/")[2].replace("_", " ").capitalize()


def _suggestion(row: dict[str, Any]) -> Suggestion:
    why = _HOW[row["source"]].format(coder=row["coder"])
    if row["source"] == "keyword" and pd.notna(row["rule_id"]):
        why += f" ({row['rule_id']})"
    if row["negated"]:
        why += ", benægtet"
    cue = (
        None
        if pd.isna(row["cue_start"]) or pd.isna(row["cue_end"])
        else (int(row["cue_start"]), int(row["cue_end"]))
    )
    return Suggestion(row["code"], float(row["score"]), why, cue)
