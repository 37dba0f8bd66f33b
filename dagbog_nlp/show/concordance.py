"""Keyword in context: where a word stands in the notes, and what the codebook's rules do with it."""

from __future__ import annotations

from collections import Counter
from html import escape
from itertools import pairwise
from typing import Any

import pandas as pd

from dagbog_nlp.codebook.rules import Rule, RuleTable, Words
from dagbog_nlp.codebook.wordforms import WORD
from dagbog_nlp.coding.keywords import BREAK, KeywordCoder

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
    table = RuleTable({})
    rule = table.rule(pattern, "kwic", lenient=True)
    types: dict[str, frozenset[int]] = {}
    rows = []
    for note in notes[["note_id", "date", "text"]].itertuples(index=False):
        for start, end in _places(str(note.text), rule, table, types):
            text = str(note.text)
            left = text[max(0, start - width) : start]
            right = text[end : end + width]
            rows.append(
                (note.note_id, note.date, left, text[start:end], right, start, end, text[start:end].lower())
            )
    columns = ["note_id", "date", "left", "match", "right", "start", "end", "form"]
    found = Concordance(rows, columns=columns).astype({"start": "int64", "end": "int64"})
    for name in ("note_id", "left", "match", "right", "form"):
        found[name] = found[name].astype("str")
    return Concordance(found)


def _places(
    text: str, rule: Rule, table: RuleTable, types: dict[str, frozenset[int]]
) -> list[tuple[int, int]]:
    matches = list(WORD.finditer(text))
    for match in matches:
        if match.group() not in types:
            types[match.group()] = frozenset(table.match(match.group()))
    elements = tuple(types[match.group()] for match in matches)
    if not rule.need <= frozenset[int]().union(*elements):
        return []
    breaks = (
        False,
        *(BREAK.search(text, left.end(), right.end()) is not None for left, right in pairwise(matches)),
    )
    words = Words(elements, breaks, rule.need)
    return [(matches[first].start(), matches[last - 1].end()) for first, last in rule.spans(words)]


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
    for text, note_id in zip(sentences["text"], note_ids, strict=True):
        fired = coder.fired(text)
        taken = {(code, place) for code, role, _, place, decides in fired if role == "words" and decides}
        takers = Counter(place for _, place in taken)
        for key in {(code, role, rule) for code, role, rule, _, _ in fired}:
            mine = [(place, decides) for *rest, place, decides in fired if tuple(rest) == key]
            counts[key]["sentences"] += 1
            counts[key]["coded"] += any(decides for _, decides in mine)
            counts[key]["conflicts"] += any(decides and takers[place] > 1 for place, decides in mine)
            forms[key].update(text[start:end].lower() for (start, end), _ in mine)
            notes[key].add(note_id)
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
