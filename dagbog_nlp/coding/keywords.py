"""The keyword coder: finds the codebook's words in sentences, sorts out other senses, reads the context."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter, or_
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.codebook.rules import Rule, RuleBook, RuleIndex, Words
from dagbog_nlp.codebook.wordforms import ANY, COMPOUND_FROM, WORD, Match, fold, is_verb_form, normalise
from dagbog_nlp.coding.context import Clauses, Context, ContextCues, ContextRules, Hit
from dagbog_nlp.coding.word_table import FULL

_FULL_STOP = re.compile(r"\.(?!\w)")
BREAK = re.compile(r"[.;!?()\n–…]| - |,(?! (?:der|som)\b)")
_STRONG = re.compile(r"[.;:!?()\n–…]| - ")
_QUOTE = re.compile('["”“»«]')
ROLES = ("words", "exclude", "keep")
_Index = tuple[list[tuple[str, int]], RuleIndex]
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
    """What is known of a word type: the elements it fulfils and why, and whether it may be
    half a word, or is one only where a full stop follows.
    """

    elements: frozenset[int]
    why: dict[int, Match]
    half: bool = False
    cut_short: bool = False


class _Token(NamedTuple):
    start: int
    end: int
    type: _Type


_NONE: frozenset[int] = frozenset()
_NOTHING = _Type(_NONE, {})


class KeywordCoder:
    """Codes sentences by the keyword rules of a codebook.

    Parameters
    ----------
    codebook
        The rules; when it is edited, the next call sees the edit.
    context
        The cue lists for negation, holder, hypothetical and reported; the shipped ones when None.

    Examples
    --------
    >>> coder = KeywordCoder(Codebook.load())
    >>> sentences = pd.DataFrame({"start": [0], "text": ["Pigen græder og får trøst."]})
    >>> coder.code(sentences)[["code", "cue_start", "cue_end"]].values.tolist()
    [['relationsarbejde/gråd', 6, 12], ['relationsarbejde/trøste', 20, 25]]
    """

    def __init__(self, codebook: Codebook, context: ContextCues | None = None) -> None:
        self.codebook = codebook
        self._context = ContextRules(context)
        self._context_types: dict[str, tuple[str, frozenset[int]]] = {}
        self._compiled = ""

    def _refresh(self) -> None:
        if self._compiled != self.codebook.hash:
            self._rules = RuleBook(self.codebook)
            self._words, self._excluded, self._kept = map(self._indexed, ROLES)
            self._types: dict[str, _Type] = {}
            self._seen: set[str] = set()
            self._hot: set[str] = set()
            self._common: dict[frozenset[int], _Type] = {}
            self._compiled = self.codebook.hash

    def _indexed(self, role: str) -> _Index:
        owned = [
            (code.path, at, rule) for code in self._rules.codes for at, rule in enumerate(getattr(code, role))
        ]
        return [(path, at) for path, at, _ in owned], RuleIndex([rule for _, _, rule in owned], self._rules)

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

    def rules(self) -> list[tuple[str, str, str]]:
        """Return every rule as code, role (words, exclude or keep) and text, in the codebook's order."""
        self._refresh()
        return [
            (code.path, role, rule.text)
            for code in self._rules.codes
            for role in ROLES
            for rule in getattr(code, role)
        ]

    def fired(self, text: str) -> list[tuple[str, str, str, tuple[int, int], bool]]:
        """Say which rules, as they stood at the last call of another method, fire in a sentence.

        Parameters
        ----------
        text
            One sentence.

        Returns
        -------
        list of tuple
            Code, role, rule, place (start and end in `text`) and whether it decides: a word that is
            not shut out, or an exclusion that shuts out a word.
        """
        if not self._compiled:
            self._refresh()
        if not self._is_hot(text):
            return []
        tokens = self._tokens(text)
        words = _as_words(text, tokens)
        found = []
        for code in self._rules.codes:
            spans = {
                role: [(rule, span) for rule in getattr(code, role) for span in rule.spans(words)]
                for role in ROLES
            }
            met = [span for _, span in spans["words"]]
            shut = [span for _, span in spans["exclude"]]
            kept = [span for _, span in spans["keep"]]
            for role, rule, span in ((name, *item) for name in ROLES for item in spans[name]):
                free = role != "words" or _free(span, shut) or not _free(span, kept)
                place = tokens[span[0]].start, tokens[span[1] - 1].end
                found.append((code.path, role, rule.text, place, free and not _free(span, met)))
        return found

    def may_hit(self, texts: Sequence[str]) -> np.ndarray:
        """Say of each text whether it holds a word that may begin a hit, bool [n]."""
        self._refresh()
        if len(self._seen) > FULL:
            for known in (self._seen, self._hot, self._types, self._context_types):
                known.clear()
        return np.array([self._is_hot(text) for text in texts], dtype=bool)

    def _is_hot(self, text: str) -> bool:
        words = WORD.findall(text)
        for word in words:
            if word not in self._seen:
                self._seen.add(word)
                if self._rules.may_trigger(word):
                    self._hot.add(word)
        return not self._hot.isdisjoint(words)

    def _look_up(self, word: str) -> _Type:
        why = self._rules.match(word)
        cut_short = any(match.kind == "abbreviation" for match in why.values())
        found = _Type(frozenset(why), why, fold(word) in self._rules.first_parts, cut_short)
        if not found.half and all(match.entry == ANY for match in why.values()):
            found = self._common.setdefault(found.elements, found)
        self._types[word] = found
        return found

    def _tokens(self, text: str) -> list[_Token]:
        tokens: list[_Token] = []
        types, after_half = self._types, False
        for match in WORD.finditer(text):
            word, (start, end) = match.group(), match.span()
            held = types.get(word) or self._look_up(word)
            if held.cut_short and not _FULL_STOP.match(text, end):
                held = _NOTHING
            if after_half and end - start >= COMPOUND_FROM and text[tokens[-1].end : start] == " ":
                whole = self._whole(text[tokens[-1].start : end])
                if whole:
                    start, held = tokens.pop().start, whole
            after_half = held.half
            tokens.append(_Token(start, end, held))
        return tokens

    def _whole(self, pair: str) -> _Type | None:
        word = pair.replace(" ", "")
        found = self._types.get(word) or self._look_up(word)
        why = {element: match for element, match in found.why.items() if match.kind == "form"}
        return _Type(frozenset(why), why) if why else None

    def _hits(self, text: str, offset: int) -> Iterable[tuple[Any, ...]]:
        tokens = self._tokens(text)
        found = self._first_hits(_as_words(text, tokens))
        if not found:
            return
        contexts = self._read_context(text, tokens, [(rule, span) for _, rule, span in found])
        for (path, rule, (first, last)), context in zip(found, contexts, strict=True):
            kind = tokens[first].type.why[rule.parts[0].elements[0]].kind if rule.is_word else "phrase"
            cue = offset + tokens[first].start, offset + tokens[last - 1].end
            yield (
                path,
                *cue,
                f"{path}#{rule.text}:{kind}",
                context.negated,
                context.holder,
                context.hypothetical,
                context.reported,
                " ".join(_place(status, tokens, start, end, offset) for status, start, end in context.cues),
            )

    def _first_hits(self, words: Words) -> list[tuple[str, Rule, tuple[int, int]]]:
        """Return the first word or phrase of each code that is not shut out, in the order of the codes."""
        met = self._met(self._words, words)
        if not met:
            return []
        shut, kept = self._met(self._excluded, words), self._met(self._kept, words)
        hits = []
        for code in self._rules.codes:
            if code.path not in met:
                continue
            out, again = ([span for span, _ in role.get(code.path, ())] for role in (shut, kept))
            found = sorted(met[code.path], key=lambda item: (item[0][0], -item[0][1], item[1]))
            free = (item for item in found if _free(item[0], out) or not _free(item[0], again))
            if first := next(free, None):
                hits.append((code.path, code.words[first[1]], first[0]))
        return hits

    @staticmethod
    def _met(index: _Index, words: Words) -> dict[str, list[tuple[tuple[int, int], int]]]:
        """Return by code the ranges that its rules of one role cover, and which rule of the role it is."""
        met: dict[str, list[tuple[tuple[int, int], int]]] = {}
        owners, rules = index
        for place, spans in rules.spans(words):
            path, at = owners[place]
            met.setdefault(path, []).extend((span, at) for span in spans)
        return met

    def _read_context(
        self, text: str, tokens: Sequence[_Token], found: Sequence[tuple[Rule, tuple[int, int]]]
    ) -> list[Context]:
        known = [self._context_of(text[token.start : token.end]) for token in tokens]
        lower = [word for word, _ in known]
        elements = tuple(held for _, held in known)
        gaps = [text[left.end : right.start] for left, right in pairwise(tokens)]
        strong = [False, *[gap != " " and _STRONG.search(gap) is not None for gap in gaps]]
        comma = [False, *["," in gap for gap in gaps]]
        breaks = tuple(map(or_, strong, comma))
        words = Words(elements, breaks, _NONE.union(*set(elements)))
        clauses = Clauses(comma, strong, _quoted(text, tokens))
        hits = [Hit(*span, rule.is_word and is_verb_form(lower[span[0]], rule.text)) for rule, span in found]
        return self._context.read(words, lower, clauses, hits)

    def _context_of(self, word: str) -> tuple[str, frozenset[int]]:
        if word not in self._context_types:
            lower = normalise(word)
            self._context_types[word] = lower, frozenset(self._context.table.match(lower))
        return self._context_types[word]


def _as_words(text: str, tokens: Sequence[_Token]) -> Words:
    elements = tuple(token.type.elements for token in tokens)
    breaks = [
        text[left.end : right.start] != " " and BREAK.search(text, left.end, right.end) is not None
        for left, right in pairwise(tokens)
    ]
    return Words(elements, (False, *breaks), _NONE.union(*set(elements)))


def _quoted(text: str, tokens: Sequence[_Token]) -> list[bool]:
    marks = [match.start() for match in _QUOTE.finditer(text)]
    if not marks:
        return [False] * len(tokens)
    return [bisect(marks, token.start) % 2 == 1 for token in tokens]


def _place(status: str, tokens: Sequence[_Token], start: int, end: int, offset: int) -> str:
    if start < 0:
        return f"{status}:quotation"
    return f"{status}:{offset + tokens[start].start}-{offset + tokens[end - 1].end}"


def _free(span: tuple[int, int], spans: Sequence[tuple[int, int]]) -> bool:
    return not any(start < span[1] and span[0] < end for start, end in spans)
