"""The keyword coder: finds the codebook's words in sentences, sorts out other senses, reads the context."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter
from typing import Any

import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.codebook.rules import CodeRules, Rule, RuleBook, Words
from dagbog_nlp.codebook.wordforms import WORD, Match, fold

_BREAK = re.compile(r"[.,:;!?()\n–…]| - ")
COLUMNS = {
    "row": "int64",
    "code": "str",
    "cue_start": "int64",
    "cue_end": "int64",
    "rule_id": "str",
    "negated": "bool",
    "holder": "str",
    "hypothetical": "bool",
    "reported": "bool",
    "context": "str",
}


@dataclass(frozen=True, slots=True)
class _Type:
    """What is known of a word type: the elements it fulfils and why, and whether it may be half a word."""

    elements: frozenset[int]
    why: dict[int, Match]
    half: bool


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    end: int
    type: _Type


class KeywordCoder:
    """Codes sentences by the keyword rules of a codebook.

    Parameters
    ----------
    codebook
        The rules; when it is edited, the next call sees the edit.

    Examples
    --------
    >>> coder = KeywordCoder(Codebook.load())
    >>> sentences = pd.DataFrame({"start": [0], "text": ["Pigen græder og får trøst."]})
    >>> coder.code(sentences)[["code", "cue_start", "cue_end"]].values.tolist()
    [['relationsarbejde/gråd', 6, 12], ['relationsarbejde/trøste', 20, 25]]
    """

    def __init__(self, codebook: Codebook) -> None:
        self.codebook = codebook
        self._compiled = ""

    def _refresh(self) -> None:
        if self._compiled != self.codebook.hash:
            self._rules = RuleBook(self.codebook)
            self._types: dict[str, _Type] = {}
            self._hot: set[str] = set()
            self._compiled = self.codebook.hash

    def code(self, sentences: pd.DataFrame) -> pd.DataFrame:
        """Find the hits.

        Parameters
        ----------
        sentences
            ``start`` (offset of the sentence in its note) and ``text``, as
            :func:`~dagbog_nlp.notes.sentences.sentence_table` makes them.

        Returns
        -------
        pandas.DataFrame
            One row per sentence and code that hits: ``row`` (position in `sentences`), ``code``,
            ``cue_start, cue_end`` (code points in the note), ``rule_id``, ``negated, holder,
            hypothetical, reported`` and ``context`` (the cues with their offsets).
        """
        self._refresh()
        texts = sentences["text"].to_list()
        starts = sentences["start"].to_list()
        rows = [
            (row, *hit)
            for row, text in enumerate(texts)
            if self._is_hot(text)
            for hit in sorted(self._hits(text, starts[row]), key=itemgetter(1, 0))
        ]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)

    def _is_hot(self, text: str) -> bool:
        words = WORD.findall(text)
        types = self._types
        for word in words:
            if word not in types:
                self._look_up(word)
        return not self._hot.isdisjoint(words)

    def _look_up(self, word: str) -> _Type:
        why = self._rules.match(word)
        found = _Type(frozenset(why), why, fold(word) in self._rules.first_parts)
        self._types[word] = found
        if found.half or not found.elements.isdisjoint(self._rules.triggers):
            self._hot.add(word)
        return found

    def _tokens(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        for match in WORD.finditer(text):
            token = _Token(match.start(), match.end(), self._types[match.group()])
            if tokens and tokens[-1].type.half and text[tokens[-1].end : token.start] == " ":
                whole = self._whole(text[tokens[-1].start : token.end])
                if whole:
                    token = _Token(tokens.pop().start, token.end, whole)
            tokens.append(token)
        return tokens

    def _whole(self, pair: str) -> _Type | None:
        word = pair.replace(" ", "")
        found = self._types.get(word) or self._look_up(word)
        why = {element: match for element, match in found.why.items() if match.kind == "form"}
        return _Type(frozenset(why), why, half=False) if why else None

    def _hits(self, text: str, offset: int) -> Iterable[tuple[Any, ...]]:
        tokens = self._tokens(text)
        elements = tuple(token.type.elements for token in tokens)
        between = (text[left.end : right.start] for left, right in pairwise(tokens))
        breaks = (False, *(_BREAK.search(gap) is not None for gap in between))
        words = Words(elements, breaks, frozenset[int]().union(*elements))
        for code in self._rules.codes:
            hit = _first_hit(code, words)
            if hit:
                rule, (first, last) = hit
                kind = tokens[first].type.why[rule.parts[0].elements[0]].kind if rule.is_word else "phrase"
                rule_id = f"{code.path}#{rule.text}:{kind}"
                cue = offset + tokens[first].start, offset + tokens[last - 1].end
                yield code.path, *cue, rule_id, False, "", False, False, ""


def _first_hit(code: CodeRules, words: Words) -> tuple[Rule, tuple[int, int]] | None:
    found = sorted(
        ((span, at) for at, rule in enumerate(code.words) for span in rule.spans(words)),
        key=lambda item: (item[0][0], -item[0][1], item[1]),
    )
    if not found:
        return None
    shut = [span for rule in code.exclude for span in rule.spans(words)]
    if shut:
        open_again = [span for rule in code.keep for span in rule.spans(words)]
        found = [item for item in found if _free(item[0], shut) or not _free(item[0], open_again)]
    return (code.words[found[0][1]], found[0][0]) if found else None


def _free(span: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    return not any(start < span[1] and span[0] < end for start, end in spans)
