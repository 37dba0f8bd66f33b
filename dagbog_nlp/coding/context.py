"""What the words around a hit make of it: negated, whose, hypothetical, reported.

The method is that of NegEx and ConText (Chapman et al. 2001; Harkema et al. 2009): cues with a
side and a reach, pseudo-cues that look like one, and stop words that end their scope. All lists
are data in ``resources/context_da.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Literal

import srsly
from pydantic import BaseModel, ConfigDict, ValidationError

from dagbog_nlp.codebook.rules import Rule, RuleIndex, RuleTable, Words
from dagbog_nlp.codebook.wordforms import EXACT
from dagbog_nlp.errors import CodebookError

_POSSESSIVES = frozenset(("min", "mit", "mine", "vores", "vor", "hans", "hendes", "deres"))
_FIRST_PERSON = frozenset(("jeg", "vi", "mig", "os", *_POSSESSIVES))


class CueGroup(BaseModel):
    """Cues of one status that work the same way.

    Attributes
    ----------
    status
        What they make of a hit.
    side, reach
        Where they stand from the hit, and how many words at most lie between.
    words, stops
        The cues, and the words that end their scope besides the common ones.
    hit
        Only for hits of this kind.
    over_commas
        Whether the scope goes on behind a comma and the common stop words.
    follows
        When given, one of these must follow the cue within three words.
    last
        Whether the cue must end the sentence, but for a few words.
    """

    model_config = ConfigDict(extra="forbid")

    status: Literal["negation", "hypothetical", "reported"]
    side: Literal["before", "after"]
    reach: int
    words: list[str]
    stops: list[str] = []
    hit: Literal["verb", "noun"] | None = None
    over_commas: bool = False
    follows: list[str] = []
    last: bool = False


class ContextCues(BaseModel):
    """Every cue list; change one and pass the whole to the coder.

    Examples
    --------
    >>> cues = ContextCues.load()
    >>> cues.pseudo["negation"][0]
    'ikke kun|bare|blot|alene|mindst|udelukkende'
    """

    model_config = ConfigDict(extra="forbid")

    stops: list[str]
    pseudo: dict[str, list[str]]
    cues: list[CueGroup]
    holders: dict[str, list[str]]

    @classmethod
    def load(cls, path: str | Path | None = None) -> ContextCues:
        """Read cue lists from YAML; without `path`, the ones that ship.

        Raises
        ------
        CodebookError
            When the file is missing or a field is not as it must be.
        """
        shipped = Path(str(resources.files("dagbog_nlp") / "resources" / "context_da.yaml"))
        file = shipped if path is None else Path(path)
        try:
            return cls.model_validate(srsly.read_yaml(file))
        except ValidationError as error:
            first = error.errors()[0]
            where = " > ".join(str(part) for part in first["loc"])
            raise CodebookError(f"{where}: {first['msg']}", file=file, fix="correct this field") from None
        except (OSError, ValueError):
            raise CodebookError(
                "the cue lists cannot be read", file=file, fix="check the path and the layout"
            ) from None


@dataclass(frozen=True, slots=True)
class Hit:
    """A hit as word positions, and whether its word is a verb."""

    first: int
    last: int
    verb: bool


@dataclass(frozen=True, slots=True)
class Context:
    """What the context says of one hit; cues are word positions, or -1 for a quotation."""

    negated: bool
    holder: str
    hypothetical: bool
    reported: bool
    cues: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Clauses:
    """Where the sentence is cut: `comma` and `strong` stand before a word, `quoted` marks speech."""

    comma: Sequence[bool]
    strong: Sequence[bool]
    quoted: Sequence[bool]


@dataclass(frozen=True, slots=True)
class _Group:
    settings: CueGroup
    rules: tuple[Rule, ...]
    stops: frozenset[int]
    follows: frozenset[int]


@dataclass(slots=True)
class _Found:
    group: _Group
    spans: list[tuple[int, int]] = field(default_factory=list)


class ContextRules:
    """The compiled cue lists.

    Parameters
    ----------
    cues
        The lists; the shipped ones when None.
    """

    def __init__(self, cues: ContextCues | None = None) -> None:
        lists = cues or ContextCues.load()
        self.table = RuleTable(lists.holders)
        self._pseudo = {
            status: tuple(self.table.rule(text, f"pseudo {status}") for text in texts)
            for status, texts in lists.pseudo.items()
        }
        self._groups = tuple(
            _Group(
                group,
                tuple(self.table.rule(text, group.status) for text in group.words),
                self._exact(group.stops if group.over_commas else [*lists.stops, *group.stops]),
                self._exact(group.follows),
            )
            for group in lists.cues
        )
        rules = {("pseudo", status): of_status for status, of_status in self._pseudo.items()}
        rules |= {("group", str(number)): group.rules for number, group in enumerate(self._groups)}
        self._owners = [owner for owner, owned in rules.items() for _ in owned]
        self._index = RuleIndex([rule for owned in rules.values() for rule in owned], self.table)
        self._holders = tuple((name, self.table.element(f"@{name}")) for name in lists.holders)

    def _exact(self, words: Iterable[str]) -> frozenset[int]:
        return frozenset(self.table.element(word if word.endswith(EXACT) else word + EXACT) for word in words)

    def read(
        self, words: Words, texts: Sequence[str], clauses: Clauses, hits: Sequence[Hit]
    ) -> list[Context]:
        """Read the context of every hit of a sentence in one pass over its cues.

        Parameters
        ----------
        words
            The elements of this table that each word fulfils.
        texts
            The words in lower case.
        clauses
            Where the sentence is cut.
        hits
            Where the hits stand.

        Returns
        -------
        list of Context
            One a hit, in order.
        """
        found = self._find(words)
        return [self._judge(words, texts, clauses, found, hit) for hit in hits]

    def _find(self, words: Words) -> list[_Found]:
        spans: dict[tuple[str, str], set[tuple[int, int]]] = {}
        for place, covered in self._index.spans(words):
            spans.setdefault(self._owners[place], set()).update(covered)
        found = []
        for number, group in enumerate(self._groups):
            masks = spans.get(("pseudo", group.settings.status), ())
            cues = sorted(spans.get(("group", str(number)), ()))
            kept = [span for span in cues if not _covered(span, masks)]
            if kept:
                found.append(_Found(group, kept))
        return found

    def _judge(
        self, words: Words, texts: Sequence[str], clauses: Clauses, found: Sequence[_Found], hit: Hit
    ) -> Context:
        cues: list[tuple[str, int, int]] = []
        for cue in found:
            span = next((span for span in cue.spans if _reaches(cue.group, words, clauses, span, hit)), None)
            if span:
                cues.append((cue.group.settings.status, *span))
        if clauses.quoted[hit.first]:
            cues.append(("reported", -1, -1))
        seen = {status for status, _, _ in cues}
        holder, place = self._holder(words, texts, clauses, hit)
        if holder:
            cues.append(("holder", place, place + 1))
        return Context("negation" in seen, holder, "hypothetical" in seen, "reported" in seen, tuple(cues))

    def _holder(self, words: Words, texts: Sequence[str], clauses: Clauses, hit: Hit) -> tuple[str, int]:
        start, end = _clause(clauses, hit)
        people = [
            (place, name)
            for place in range(start, end)
            if not hit.first <= place < hit.last and (name := self._person(words.elements[place]))
        ]
        agent = next((p for p in people if p[0] > hit.last and "af" in texts[hit.last : p[0]][-2:]), None)
        before = [p for p in people if p[0] < hit.first]
        subjects = [p for p in before if texts[p[0]] not in _POSSESSIVES] or before
        after = [p for p in people if p[0] >= hit.last]
        if agent and hit.verb:
            place, name = agent
        elif subjects:
            place, name = subjects[-1 if hit.verb else 0]
        elif after and (hit.verb or "mellem" in texts[hit.last : after[0][0]]):
            place, name = after[0]
        elif hit.verb:
            earlier = [(at, who) for at in range(start) if (who := self._person(words.elements[at]))]
            place, name = earlier[-1] if earlier else (-1, "")
        else:
            place, name = -1, ""
        if clauses.quoted[hit.first] and place >= 0 and texts[place] in _FIRST_PERSON:
            return self._speaker(words, texts, clauses)
        return name, place

    def _speaker(self, words: Words, texts: Sequence[str], clauses: Clauses) -> tuple[str, int]:
        for place, elements in enumerate(words.elements):
            name = self._person(elements)
            if name and not clauses.quoted[place] and texts[place] not in _POSSESSIVES:
                return name, place
        return "", -1

    def _person(self, elements: frozenset[int]) -> str:
        return next((name for name, element in self._holders if element in elements), "")


def _covered(span: tuple[int, int], masks: Iterable[tuple[int, int]]) -> bool:
    return any(
        start <= span[0] and span[1] <= end and end - start > span[1] - span[0] for start, end in masks
    )


def _clause(clauses: Clauses, hit: Hit) -> tuple[int, int]:
    def cut(at: int) -> bool:
        return clauses.comma[at] or clauses.strong[at]

    start = next((at for at in range(hit.first, 0, -1) if cut(at)), 0)
    end = next((at for at in range(hit.last, len(clauses.comma)) if cut(at)), len(clauses.comma))
    return start, end


def _reaches(group: _Group, words: Words, clauses: Clauses, span: tuple[int, int], hit: Hit) -> bool:
    settings = group.settings
    if settings.hit and (settings.hit == "verb") != hit.verb:
        return False
    before = settings.side == "before"
    first, last = (span[1], hit.first) if before else (hit.last, span[0])
    if not 0 <= last - first <= settings.reach:
        return False
    between = range(first, last)
    crossed = range(first, last + 1)
    if any(clauses.strong[at] or (clauses.comma[at] and not settings.over_commas) for at in crossed):
        return False
    if any(not group.stops.isdisjoint(words.elements[at]) for at in between):
        return False
    if settings.last and (len(words.elements) - span[1] > 3 or not clauses.comma[span[0]]):
        return False
    follow = words.elements[span[1] : span[1] + 3]
    return not group.follows or any(not group.follows.isdisjoint(held) for held in follow)
