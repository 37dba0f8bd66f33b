"""Keyword rules as tables: entries and phrases, compiled once, matched on word types.

A rule is one element or several. Elements: a word, a glob, ``exact!``, ``a|b``, ``@list``;
``...`` lets up to six words stand between. A phrase does not reach across punctuation; `` + `` asks
for both parts anywhere in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.codebook.split_words import SplitWords
from dagbog_nlp.codebook.wordforms import EXACT, GLOB, Match, WordForms
from dagbog_nlp.errors import CodebookError

GAP = "..."
LONGEST_GAP = 6
INFLECTED_FROM = 4


@dataclass(frozen=True, slots=True)
class Phrase:
    """A rule of elements in order; `gaps[i]` says whether words may stand before element i."""

    elements: tuple[int, ...]
    gaps: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the codebook: phrases that must all stand in the sentence."""

    text: str
    parts: tuple[Phrase, ...]

    @property
    def is_word(self) -> bool:
        """Whether the rule is a single element, so that the word type alone decides."""
        return len(self.parts) == 1 and len(self.parts[0].elements) == 1


@dataclass(frozen=True, slots=True)
class CodeRules:
    """The compiled rules of one code."""

    path: str
    words: tuple[Rule, ...]
    exclude: tuple[Rule, ...]
    keep: tuple[Rule, ...]


class RuleTable:
    """Compiles rules and knows which of their elements a word type fulfils.

    Parameters
    ----------
    lists
        The word lists that rules name with ``@``.
    """

    def __init__(self, lists: dict[str, list[str]]) -> None:
        self._lists = lists
        self._elements: dict[tuple[str, bool], int] = {}

    def rule(self, text: str, owner: str, *, lenient: bool = False) -> Rule:
        """Compile one line of a codebook.

        Parameters
        ----------
        text
            The rule as written.
        owner
            What error messages call the place it stands in.
        lenient
            Whether a single plain word also takes compounds, misspellings and the word cut short.

        Raises
        ------
        CodebookError
            When the rule is empty, begins or ends in a gap, or names an unknown list.
        """
        pieces = [piece.split() for piece in text.split(" + ")]
        single = lenient and len(pieces) == 1 and len(pieces[0]) == 1
        phrases = []
        for tokens in pieces:
            if not tokens or tokens[0] == GAP or tokens[-1] == GAP:
                problem = f"{owner}: the rule {text!r} is empty or begins or ends in a gap"
                raise CodebookError(problem, fix="write words around it")
            placed = [
                (token, at > 0 and tokens[at - 1] == GAP) for at, token in enumerate(tokens) if token != GAP
            ]
            ids = tuple(self.element(token, owner, lenient=single) for token, _ in placed)
            phrases.append(Phrase(ids, tuple(gap for _, gap in placed)))
        return Rule(text, tuple(phrases))

    def element(self, token: str, owner: str = "", *, lenient: bool = False) -> int:
        """Return the number of an element, the same for the same token."""
        for part in token.split("|"):
            if part.startswith("@") and part[1:] not in self._lists:
                raise CodebookError(
                    f"{owner}: there is no word list {part[1:]}",
                    fix="add it under lists, or correct the name",
                )
        return self._elements.setdefault((token, lenient), len(self._elements))

    @property
    def n_elements(self) -> int:
        """How many elements there are so far."""
        return len(self._elements)

    def _entries(self, token: str, *, phrase: bool) -> Iterable[str]:
        for part in token.split("|"):
            if part.startswith("@"):
                for entry in self._lists[part[1:]]:
                    yield from self._entries(entry, phrase=False)
            else:
                short = (
                    phrase and len(part) < INFLECTED_FROM and part[-1] != EXACT and not set(part) & set(GLOB)
                )
                yield part + EXACT if short else part

    @cached_property
    def _tables(self) -> tuple[tuple[WordForms, dict[str, list[int]]], ...]:
        tables = []
        for lenient in (True, False):
            owners: dict[str, list[int]] = {}
            for (token, mode), element in self._elements.items():
                if mode == lenient:
                    for entry in self._entries(token, phrase=not lenient):
                        owners.setdefault(entry, []).append(element)
            tables.append((WordForms(owners, lenient=lenient), owners))
        return tuple(tables)

    def match(self, word: str) -> dict[int, Match]:
        """Return the elements that a word type fulfils, each with the reason."""
        found: dict[int, Match] = {}
        for forms, owners in self._tables:
            for match in forms.match(word):
                for element in owners[match.entry]:
                    found.setdefault(element, match)
        return found


class RuleBook(RuleTable):
    """Every keyword rule of a codebook.

    Parameters
    ----------
    codebook
        Where the rules come from.

    Raises
    ------
    CodebookError
        As :meth:`RuleTable.rule`.
    """

    def __init__(self, codebook: Codebook) -> None:
        super().__init__(codebook.lists)
        self.codes = tuple(
            CodeRules(
                code.path,
                tuple(self.rule(text, code.path, lenient=True) for text in code.keywords.words),
                tuple(self.rule(text, code.path) for text in code.keywords.exclude),
                tuple(self.rule(text, code.path) for text in code.keywords.keep),
            )
            for code in codebook
            if code.keywords
        )

    @cached_property
    def triggers(self) -> frozenset[int]:
        """The elements of which a sentence must hold one for any code to hit."""
        return frozenset(
            part.elements[0] for code in self.codes for rule in code.words for part in rule.parts
        )

    def may_trigger(self, word: str) -> bool:
        """Say whether a word may begin a hit: it fulfils a trigger, or tells of one that was split."""
        return self.split_words.tells(word) or any(
            not self.triggers.isdisjoint(owners[match.entry])
            for forms, owners in self._trigger_tables
            for match in forms.match(word)
        )

    @cached_property
    def split_words(self) -> SplitWords:
        """The words of the rules that may stand split in two."""
        plain = self._tables[0][0].plain
        entries = {entry for entries in plain.values() for entry in entries}
        alone = (rule.text for code in self.codes for rule in code.exclude if rule.is_word)
        excluded = (entry for text in alone for entry in self._entries(text, phrase=False))
        return SplitWords(entries, plain, excluded)

    @cached_property
    def _trigger_tables(self) -> list[tuple[WordForms, dict[str, list[int]]]]:
        return [
            (forms, owners)
            for forms, owners in self._tables
            if any(not self.triggers.isdisjoint(elements) for elements in owners.values())
        ]
