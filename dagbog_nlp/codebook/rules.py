"""Keyword rules as tables: entries and phrases, compiled once, matched on word types.

A rule is one element or several. Elements: a word, a glob, ``exact!``, ``a|b``, ``@list``;
``...`` lets up to six words stand between. A phrase does not reach across punctuation; `` + `` asks
for both parts anywhere in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.codebook.wordforms import EXACT, GLOB, Match, WordForms, fold
from dagbog_nlp.errors import CodebookError

GAP = "..."
LONGEST_GAP = 6
INFLECTED_FROM = 4


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence as the rules see it: the elements that each word fulfils, and where a new clause begins."""

    elements: tuple[frozenset[int], ...]
    after_break: tuple[bool, ...]
    present: frozenset[int]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A rule of elements in order; `gaps[i]` says whether words may stand before element i."""

    elements: tuple[int, ...]
    gaps: tuple[bool, ...]

    def spans(self, words: Words) -> list[tuple[int, int]]:
        """Return where the phrase stands, as half-open ranges of word positions."""
        found = []
        for first, held in enumerate(words.elements):
            if self.elements[0] in held:
                last = self._after(words, first + 1, 1)
                if last:
                    found.append((first, last))
        return found

    def _after(self, words: Words, position: int, step: int) -> int:
        if step == len(self.elements):
            return position
        reach = LONGEST_GAP if self.gaps[step] else 0
        for at in range(position, min(position + reach + 1, len(words.elements))):
            if words.after_break[at]:
                return 0
            if self.elements[step] in words.elements[at]:
                end = self._after(words, at + 1, step + 1)
                if end:
                    return end
        return 0


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the codebook: phrases that must all stand in the sentence."""

    text: str
    parts: tuple[Phrase, ...]
    need: frozenset[int]

    @property
    def is_word(self) -> bool:
        """Whether the rule is a single element, so that the word type alone decides."""
        return len(self.parts) == 1 and len(self.parts[0].elements) == 1

    def spans(self, words: Words) -> list[tuple[int, int]]:
        """Return the ranges that the rule covers, empty when a part is missing."""
        if not self.need <= words.present:
            return []
        found = [part.spans(words) for part in self.parts]
        return [span for spans in found for span in spans] if all(found) else []


class RuleIndex:
    """Rules filed under the rarest of the elements that they need, so that a sentence tries few of them.

    Parameters
    ----------
    rules
        The rules.
    table
        What compiled them.
    """

    def __init__(self, rules: Sequence[Rule], table: RuleTable) -> None:
        self._rules = rules
        self._filed: dict[int, list[int]] = {}
        for place, rule in enumerate(rules):
            self._filed.setdefault(max(rule.need, key=table.rarity), []).append(place)
        self._elements = frozenset(self._filed)

    def spans(self, words: Words) -> list[tuple[int, list[tuple[int, int]]]]:
        """Return the rules that cover something, by their place in order, and the ranges."""
        places = sorted(place for element in self._elements & words.present for place in self._filed[element])
        may_hold = [place for place in places if self._rules[place].need <= words.present]
        return [(place, spans) for place in may_hold if (spans := self._rules[place].spans(words))]


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
        need = frozenset(element for phrase in phrases for element in phrase.elements)
        return Rule(text, tuple(phrases), need)

    def element(self, token: str, owner: str = "", *, lenient: bool = False) -> int:
        """Return the number of an element, the same for the same token."""
        for part in token.split("|"):
            if part.startswith("@") and part[1:] not in self._lists:
                raise CodebookError(
                    f"{owner}: there is no word list {part[1:]}",
                    fix="add it under lists, or correct the name",
                )
        return self._elements.setdefault((token, lenient), len(self._elements))

    def rarity(self, element: int) -> int:
        """Guess how rare an element is: the letters of its shortest word; lists and gaps are common."""
        token, _ = self._tokens[element]
        parts = token.split("|")
        return min(0 if part.startswith("@") else len(part.strip("*?#=")) for part in parts)

    @cached_property
    def _tokens(self) -> list[tuple[str, bool]]:
        return list(self._elements)

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

    @property
    def first_parts(self) -> frozenset[str]:
        """The folded beginnings of words that may stand split in two."""
        return self._tables[0][0].first_parts


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
        """Say whether a word may begin a hit: it fulfils a trigger, or may be the first half of one."""
        if fold(word) in self.first_parts:
            return True
        return any(
            not self.triggers.isdisjoint(owners[match.entry])
            for forms, owners in self._trigger_tables
            for match in forms.match(word)
        )

    @cached_property
    def _trigger_tables(self) -> list[tuple[WordForms, dict[str, list[int]]]]:
        return [
            (forms, owners)
            for forms, owners in self._tables
            if any(not self.triggers.isdisjoint(elements) for elements in owners.values())
        ]
