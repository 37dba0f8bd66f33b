"""The keyword coder: finds the codebook's words in sentences, sorts out other senses, reads the context."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.codebook.matching import ElementSets, RuleIndex, Spans, Words
from dagbog_nlp.codebook.rules import Rule, RuleBook
from dagbog_nlp.codebook.split_words import evidence
from dagbog_nlp.codebook.wordforms import WORD, is_verb_form, normalise
from dagbog_nlp.coding.context import ContextCues, ContextRules, Contexts
from dagbog_nlp.coding.holders import Hits, word_roles
from dagbog_nlp.coding.split_tokens import SplitColumns, put_together
from dagbog_nlp.coding.tokens import Tokens
from dagbog_nlp.coding.word_table import PieceTable, Vocabulary

ROLES = ("words", "exclude", "keep")
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
FIRED = {
    "row": "int64",
    "code": "str",
    "role": "str",
    "rule": "str",
    "start": "int64",
    "end": "int64",
    "decides": "bool",
}
_LOCK = threading.RLock()


class _Role(NamedTuple):
    """The rules of one role: where they stand, and by rule its code's place and itself."""

    standing: RuleIndex
    code: np.ndarray
    rules: list[Rule]


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
        self._compiled = ""

    def _refresh(self) -> None:
        if self._compiled != self.codebook.hash:
            self._rules = RuleBook(self.codebook)
            self._roles = {role: self._of_role(role) for role in ROLES}
            self._paths = [code.path for code in self._rules.codes]
            self._sets = ElementSets()
            self._vocabulary = Vocabulary()
            self._types = PieceTable(self._describe)
            self._compiled = self.codebook.hash

    def _of_role(self, role: str) -> _Role:
        owned = [
            (place, rule) for place, code in enumerate(self._rules.codes) for rule in getattr(code, role)
        ]
        rules = [rule for _, rule in owned]
        return _Role(RuleIndex(rules), np.array([place for place, _ in owned], dtype=np.int64), rules)

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
        return self.find(sentences["text"].to_list(), sentences["start"].to_numpy(dtype=np.int64))

    def find(self, texts: Sequence[str], offset: np.ndarray) -> pd.DataFrame:
        """Find the hits in n sentences, as :meth:`code`; `offset` says where each begins in its note."""
        with _LOCK:
            self._refresh()
            tokens, words = self._read(texts)
            hits = self._first_hits(words)
            _, cues, people, _, why, _ = self._types.rows(self._vocabulary)
            rules = [self._roles["words"].rules[rule] for rule in hits.rule.tolist()]
            codes = [self._paths[place] for place in self._roles["words"].code[hits.rule].tolist()]
            heads = [self._vocabulary.types[word] for word in tokens.word[hits.first].tolist()]
            verb = [
                rule.is_word and is_verb_form(normalise(word), rule.text)
                for rule, word in zip(rules, heads, strict=True)
            ]
            places = Hits(hits.first, hits.last, np.array(verb, dtype=bool))
            contexts = self._context.read(tokens, cues[tokens.word], people[tokens.word], places)
            kinds = [
                matches[rule.parts[0].elements[0]].kind if rule.is_word else "phrase"
                for rule, matches in zip(rules, why[tokens.word[hits.first]], strict=True)
            ]
        row = tokens.sentence[hits.first]
        start, end = tokens.start + offset[tokens.sentence], tokens.end + offset[tokens.sentence]
        return pd.DataFrame(
            {
                "row": row,
                "code": pd.array(codes, dtype="str"),
                "cue_start": start[hits.first],
                "cue_end": end[hits.last - 1],
                "rule_id": pd.array(
                    [
                        f"{code}#{rule.text}:{kind}"
                        for code, rule, kind in zip(codes, rules, kinds, strict=True)
                    ],
                    dtype="str",
                ),
                "negated": contexts.negated,
                "holder": pd.array(contexts.holder, dtype="str"),
                "hypothetical": contexts.hypothetical,
                "reported": contexts.reported,
                "context": pd.array(_written(contexts, start, end), dtype="str"),
            }
        )

    def rules(self) -> list[tuple[str, str, str]]:
        """Return every rule as code, role (words, exclude or keep) and text, in the codebook's order."""
        with _LOCK:
            self._refresh()
            return [
                (code.path, role, rule.text)
                for code in self._rules.codes
                for role in ROLES
                for rule in getattr(code, role)
            ]

    def fired(self, texts: Sequence[str]) -> pd.DataFrame:
        """Say which rules fire in those of n sentences that hold a word that may begin a hit.

        Returns
        -------
        pandas.DataFrame
            ``row`` (position in `texts`), ``code, role, rule``, ``start, end`` (offsets in the text) and
            ``decides``: whether it is a word that is not shut out, or an exclusion that shuts out a word.
        """
        with _LOCK:
            chosen = np.flatnonzero(self.may_hit(texts))
            tokens, words = self._read([texts[row] for row in chosen.tolist()])
            found = {role: self._roles[role].standing.spans(words) for role in ROLES}
        code_of = {role: self._roles[role].code[spans.rule] for role, spans in found.items()}
        parts = []
        for number, (role, spans) in enumerate(found.items()):
            rules = self._roles[role].rules
            decides = spans.meet(found["words"], code_of[role], code_of["words"])
            if role == "words":
                decides &= self._is_free(spans, words)
            part = {
                "row": chosen[tokens.sentence[spans.first]],
                "place": code_of[role],
                "number": number,
                "code": [self._paths[place] for place in code_of[role]],
                "role": role,
                "rule": [rules[rule].text for rule in spans.rule],
                "start": tokens.start[spans.first],
                "end": tokens.end[spans.last - 1],
                "decides": decides,
            }
            parts.append(pd.DataFrame(part).astype(FIRED))
        table = pd.concat(parts, ignore_index=True)
        return table.sort_values(["row", "place", "number"], kind="stable", ignore_index=True)[list(FIRED)]

    def may_hit(self, texts: Sequence[str]) -> np.ndarray:
        """Say of each text whether it holds a word that may begin a hit, bool [n]."""
        with _LOCK:
            self._refresh()
            may_trigger = self._rules.may_trigger
        return np.array([any(map(may_trigger, WORD.findall(text))) for text in texts], dtype=bool)

    def _describe(self, words: list[str]) -> tuple[np.ndarray, ...]:
        """Find out about words, or the parts of a split one: the elements that each fulfils in the rules and
        in the cue lists, its role beside people, whether it is one only before a full stop, why it fulfils
        the rules' elements, and what it may be a part of.
        """
        split = self._rules.split_words
        elements, cues, roles, cut_short, parts = [], [], [], [], []
        reasons = np.empty(len(words), dtype=object)
        for number, word in enumerate(words):
            first, _, last = word.rpartition(" ")
            needs = split.needs(first, last) if first else 0
            lower = normalise(word.replace(" ", ""))
            why = self._rules.match(lower) if needs or not first else {}
            if first:
                why = {element: match for element, match in why.items() if match.kind in ("form", "glob")}
            reasons[number] = why or None
            elements.append(self._sets.number(frozenset(why)))
            cues.append(self._context.number(lower))
            roles.append(word_roles(lower))
            cut_short.append(any(match.kind == "abbreviation" for match in why.values()))
            parts.append((split.begins(word), 0 if first else split.ends(word), needs, evidence(lower)))
        return (
            np.array(elements, dtype=np.int32),
            np.array(cues, dtype=np.int32),
            np.array(roles, dtype=np.uint8),
            np.array(cut_short, dtype=bool),
            reasons,
            np.array(parts, dtype=np.uint8).reshape(-1, len(SplitColumns._fields)),
        )

    def _read(self, texts: Sequence[str]) -> tuple[Tokens, Words]:
        """Find the words of sentences and the elements that they fulfil; put split words together."""
        if self._vocabulary.is_full:
            self._vocabulary = Vocabulary()
        tokens = put_together(Tokens.of(texts, self._vocabulary), self._vocabulary, self._splits)
        sets, _, _, cut_short, *_ = self._types.rows(self._vocabulary)
        held = np.where(cut_short[tokens.word] & ~tokens.before_stop, 0, sets[tokens.word])
        holds = self._sets.table(self._rules.n_elements)
        return tokens, Words(held, holds, tokens.after_break, tokens.sentence)

    def _splits(self) -> SplitColumns:
        return SplitColumns(*self._types.rows(self._vocabulary)[-1].T)

    def _first_hits(self, words: Words) -> Spans:
        """Return each sentence's first word or phrase of each code that is not shut out, as they stand."""
        spans = self._roles["words"].standing.spans(words)
        spans = spans.take(self._is_free(spans, words))
        code = self._roles["words"].code[spans.rule]
        order = np.lexsort((spans.rule, -spans.last, spans.first))
        place = words.sentence[spans.first] * len(self._paths) + code
        _, first = np.unique(place[order], return_index=True)
        spans, code = spans.take(order[first]), code[order[first]]
        rank = np.argsort(np.argsort(np.array(self._paths, dtype=object)))
        return spans.take(np.lexsort((rank[code], spans.first)))

    def _is_free(self, spans: Spans, words: Words) -> np.ndarray:
        """Say which words and phrases are not shut out, or brought back, bool [n]."""
        _, of_rule, _ = self._roles["words"]
        free = np.ones(len(spans), dtype=bool)
        for role, frees in (("exclude", False), ("keep", True)):
            standing, code, _ = self._roles[role]
            others = standing.spans(words)
            free[spans.meet(others, of_rule[spans.rule], code[others.rule])] = frees
        return free


def _written(contexts: Contexts, start: np.ndarray, end: np.ndarray) -> list[str]:
    """Write the cues of each hit with their offsets."""
    return [
        " ".join(
            f"{status}:quotation" if first < 0 else f"{status}:{start[first]}-{end[last - 1]}"
            for status, first, last in cues
        )
        for cues in contexts.cues
    ]
