"""Keyword in context: where a word stands in the notes, and what the codebook's rules do with it."""

from __future__ import annotations

from collections import Counter
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from dagbog_nlp.codebook.matching import ElementSets, RuleIndex, Words
from dagbog_nlp.codebook.rules import RuleTable
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.coding.tokens import Tokens
from dagbog_nlp.coding.word_table import Vocabulary

CONTEXT = 60
SHOWN = 100
_STYLE = "text-align:{};white-space:pre-wrap;font-family:inherit"


class Concordance(pd.DataFrame):
    """The lines of a keyword in context; in a notebook the word stands in the middle.

    It is a DataFrame, so it can be sorted, filtered and saved like any other.
    """

    @property
    def _constructor(self) -> type[Concordance]:
        return Concordance

    def _repr_html_(self) -> str | None:
        if not {"left", "match", "right", "note_id"} <= set(self.columns):
            return super()._repr_html_()
        lines = [
            f'<tr><td style="opacity:.6">{escape(str(line["note_id"]))}</td>'
            f'<td style="{_STYLE.format("right")}">{escape(str(line["left"]))}</td>'
            f'<td style="{_STYLE.format("center")};font-weight:bold">{escape(str(line["match"]))}</td>'
            f'<td style="{_STYLE.format("left")}">{escape(str(line["right"]))}</td></tr>'
            for line in self.head(SHOWN).to_dict("records")
        ]
        more = f"<p>{len(self) - SHOWN} linjer mere</p>" if len(self) > SHOWN else ""
        return f"<table>{''.join(lines)}</table>{more}"


def kwic(notes: pd.DataFrame, pattern: str, *, width: int = CONTEXT) -> Concordance:
    """List every place where a word stands, with what is around it.

    Parameters
    ----------
    notes
        The notes table.
    pattern
        As in the codebook: a word with its forms, a glob (``kontakt*``), ``exact!``, or a phrase
        (``kontakt til|med``).
    width
        How many characters to show on each side.

    Returns
    -------
    Concordance
        One row a place: ``note_id, date, left, match, right, start, end`` (code points into the
        note's text) and ``form`` (the match in lower case), in the order of the notes.

    Raises
    ------
    CodebookError
        When the pattern is empty or cannot match.

    Examples
    --------
    >>> notes = pd.DataFrame({"note_id": ["N1"], "date": pd.to_datetime(["2024-03-01"]),
    ...                       "text": ["Der er kontakt. Kontaktbogen er væk."]})
    >>> kwic(notes, "kontakt*")[["start", "end", "form"]].values.tolist()
    [[7, 14, 'kontakt'], [16, 28, 'kontaktbogen']]
    """
    table, sets, vocabulary = RuleTable({}), ElementSets(), Vocabulary()
    index = RuleIndex([table.rule(pattern, "kwic", lenient=True)])
    texts = [str(text) for text in notes["text"]]
    tokens = Tokens.of(texts, vocabulary)
    why = [table.match(word) for word in vocabulary.types]
    numbers = np.array([sets.number(frozenset(found)) for found in why], dtype=np.int64)
    cut_short = np.array(
        [any(match.kind == "abbreviation" for match in found.values()) for found in why], bool
    )
    held = np.where(cut_short[tokens.word] & ~tokens.before_stop, 0, numbers[tokens.word])
    spans = index.spans(Words(held, sets.table(table.n_elements), tokens.after_break, tokens.sentence))
    spans = spans.take(np.argsort(tokens.sentence[spans.first], kind="stable"))
    known = list(notes[["note_id", "date"]].itertuples(index=False, name=None))
    rows = []
    for first, last in zip(spans.first.tolist(), spans.last.tolist(), strict=True):
        at, start, end = int(tokens.sentence[first]), int(tokens.start[first]), int(tokens.end[last - 1])
        text = texts[at]
        left, match, right = text[max(0, start - width) : start], text[start:end], text[end : end + width]
        rows.append((*known[at], left, match, right, start, end, match.lower()))
    columns = ["note_id", "date", "left", "match", "right", "start", "end", "form"]
    found = Concordance(rows, columns=columns).astype({"start": "int64", "end": "int64"})
    for name in ("note_id", "left", "match", "right", "form"):
        found[name] = found[name].astype("str")
    return Concordance(found)


def rule_table(coder: KeywordCoder, sentences: pd.DataFrame) -> pd.DataFrame:
    """Count what each rule of the codebook does, and where rules of several codes meet.

    Parameters
    ----------
    coder
        The keyword coder.
    sentences
        As :func:`~dagbog_nlp.notes.sentences.sentence_table` makes them; ``note_id`` is used when there.

    Returns
    -------
    pandas.DataFrame
        One row per rule: ``code, role`` (words, exclude or keep), ``rule, sentences`` (where it fires),
        ``notes``, ``coded`` (sentences that it codes, or, for exclude, keeps from being coded),
        ``conflicts`` (sentences where it codes a word that another code takes too) and ``forms`` (the
        commonest words that it meets). A rule with no sentence is dead in these notes.

    Examples
    --------
    >>> from dagbog_nlp.codebook.codebook import Codebook
    >>> sentences = pd.DataFrame({"start": [0], "text": ["Pigen græder."]})
    >>> table = rule_table(KeywordCoder(Codebook.load()), sentences)
    >>> table.loc[table["sentences"] > 0, ["rule", "coded", "forms"]].values.tolist()
    [['græde', 1, 'græder']]
    """
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    forms: dict[tuple[str, str, str], Counter[str]] = {}
    notes: dict[tuple[str, str, str], set[Any]] = {}
    for code, role, rule in coder.rules():
        counts[code, role, rule] = Counter()
        forms[code, role, rule] = Counter()
        notes[code, role, rule] = set()
    note_ids = sentences["note_id"].to_list() if "note_id" in sentences else range(len(sentences))
    texts, note_ids = sentences["text"].to_list(), list(note_ids)
    fired = coder.fired(texts)
    place = ["row", "start", "end"]
    taken = fired[(fired["role"] == "words") & fired["decides"]].drop_duplicates([*place, "code"])
    takers = Counter(taken[place].itertuples(index=False, name=None))
    for (code, role, rule, row), mine in fired.groupby(["code", "role", "rule", "row"], sort=False):
        key, text = (code, role, rule), texts[row]
        spans = list(zip(mine["start"], mine["end"], mine["decides"], strict=True))
        counts[key]["sentences"] += 1
        counts[key]["coded"] += any(decides for *_, decides in spans)
        counts[key]["conflicts"] += any(
            decides and takers[row, start, end] > 1 for start, end, decides in spans
        )
        forms[key].update(text[start:end].lower() for start, end, _ in spans)
        notes[key].add(note_ids[row])
    rows = [
        (
            *key,
            count["sentences"],
            len(notes[key]),
            count["coded"],
            count["conflicts"],
            _commonest(forms[key]),
        )
        for key, count in counts.items()
    ]
    columns = ["code", "role", "rule", "sentences", "notes", "coded", "conflicts", "forms"]
    return pd.DataFrame(rows, columns=columns)


def _commonest(forms: Counter[str]) -> str:
    return ", ".join(form for form, _ in forms.most_common(3))
