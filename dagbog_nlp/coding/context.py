"""What the words around a hit make of it: negated, whose, hypothetical, reported.

The method is that of NegEx and ConText (Chapman et al. 2001; Harkema et al. 2009): cues with a
side and a reach, pseudo-cues that look like one, and stop words that end their scope. All lists
are data in ``resources/context_da.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
import srsly
from pydantic import BaseModel, ConfigDict, ValidationError

from dagbog_nlp.codebook.matching import ElementSets, RuleIndex, Spans, Words, spread
from dagbog_nlp.codebook.rules import RuleTable
from dagbog_nlp.codebook.wordforms import EXACT
from dagbog_nlp.coding.holders import Hits, find_holders
from dagbog_nlp.coding.tokens import Tokens
from dagbog_nlp.errors import CodebookError

_TAIL = 3


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


@dataclass(frozen=True)
class Contexts:
    """What the context says of n hits.

    Attributes
    ----------
    negated, hypothetical, reported
        bool [n].
    holder
        str [n], object; empty where none is found.
    cues
        For each hit what it rests on: status, first word and the word behind; -1 for a quotation.
    """

    negated: np.ndarray
    hypothetical: np.ndarray
    reported: np.ndarray
    holder: np.ndarray
    cues: list[list[tuple[str, int, int]]]


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
        self._sets = ElementSets()
        rules = []
        owners = []
        for number, status in enumerate(lists.pseudo):
            rules += [self.table.rule(text, f"pseudo {status}") for text in lists.pseudo[status]]
            owners += [-1 - number] * len(lists.pseudo[status])
        for number, group in enumerate(lists.cues):
            rules += [self.table.rule(text, group.status) for text in group.words]
            owners += [number] * len(group.words)
        self._owners = np.array(owners, dtype=np.int64)
        self._index = RuleIndex(rules)
        self._groups = lists.cues
        self._pseudo = list(lists.pseudo)
        self._stops = [
            self._exact(group.stops if group.over_commas else [*lists.stops, *group.stops])
            for group in lists.cues
        ]
        self._follows = [self._exact(group.follows) for group in lists.cues]
        self._reach = np.array([group.reach for group in lists.cues], dtype=np.int64)
        settings = {
            "before": [group.side == "before" for group in lists.cues],
            "verb": [group.hit != "noun" for group in lists.cues],
            "noun": [group.hit != "verb" for group in lists.cues],
            "over_commas": [group.over_commas for group in lists.cues],
            "last": [group.last for group in lists.cues],
            "follows": [bool(group.follows) for group in lists.cues],
        }
        self._setting = {name: np.array(values, dtype=bool) for name, values in settings.items()}
        self._holders = {name: self.table.element(f"@{name}") for name in lists.holders}

    def _exact(self, words: Iterable[str]) -> list[int]:
        return [self.table.element(word if word.endswith(EXACT) else word + EXACT) for word in words]

    def number(self, word: str) -> int:
        """Return the number of the elements that a word in lower case fulfils, for :meth:`read`."""
        return self._sets.number(frozenset(self.table.match(word)))

    def read(self, tokens: Tokens, sets: np.ndarray, roles: np.ndarray, hits: Hits) -> Contexts:
        """Read the context of n hits.

        Parameters
        ----------
        tokens
            The words of their sentences.
        sets
            int [n_words]: the number of each word, see :meth:`number`.
        roles
            uint8 [n_words]: see :func:`~dagbog_nlp.coding.holders.word_roles`.
        hits
            Where the hits stand.
        """
        holds = self._sets.table(self.table.n_elements)
        cut = tokens.begins | tokens.after_strong | tokens.after_comma
        words = Words(sets, holds, cut, tokens.sentence)
        cues = self._reaching(tokens, words, self._cues(words), hits)
        found: list[list[tuple[str, int, int]]] = [[] for _ in hits.first]
        negated, hypothetical, reported = (np.zeros(len(found), dtype=bool) for _ in range(3))
        says = {"negation": negated, "hypothetical": hypothetical, "reported": reported}
        for hit, group, first, last in zip(*(column.tolist() for column in cues), strict=True):
            status = self._groups[group].status
            says[status][hit] = True
            found[hit].append((status, first, last))
        for hit in np.flatnonzero(tokens.quoted[hits.first]).tolist():
            reported[hit] = True
            found[hit].append(("reported", -1, -1))
        named = np.zeros(len(holds), dtype=np.int64)
        for number, element in reversed(list(enumerate(self._holders.values(), start=1))):
            named[holds[:, element]] = number
        people = named[sets]
        places = find_holders(tokens, people, roles, hits)
        for hit in np.flatnonzero(places >= 0).tolist():
            found[hit].append(("holder", int(places[hit]), int(places[hit]) + 1))
        names = np.array(["", *self._holders], dtype=object)
        holder = names[np.where(places >= 0, people[places], 0)]
        return Contexts(negated, hypothetical, reported, holder, found)

    def _cues(self, words: Words) -> Spans:
        """Find the cues that no pseudo-cue disarms, by group; `rule` is the group."""
        spans = self._index.spans(words)
        owner = self._owners[spans.rule]
        spans = Spans(owner, spans.first, spans.last)
        cue = owner >= 0
        for number, status in enumerate(self._pseudo):
            of_status = [place for place, group in enumerate(self._groups) if group.status == status]
            masks = spans.take(owner == -1 - number)
            cue &= ~(np.isin(owner, of_status) & spans.inside_longer(masks))
        return spans.take(cue)

    def _reaching(
        self, tokens: Tokens, words: Words, cues: Spans, hits: Hits
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return hit, group, first and last of the first cue of each group that reaches each hit."""
        cues = cues.take(np.lexsort((cues.last, cues.first)))
        of_cue, of_hit = tokens.sentence[cues.first], tokens.sentence[hits.first]
        low = np.searchsorted(of_cue, of_hit)
        hit, inner = spread(np.searchsorted(of_cue, of_hit, side="right") - low)
        cue = low[hit] + inner
        group, start, end = cues.rule[cue], cues.first[cue], cues.last[cue]
        before = self._setting["before"][group]
        left, right = np.where(before, end, hits.last[hit]), np.where(before, hits.first[hit], start)
        near = (right >= left) & (right - left <= self._reach[group])
        near &= np.where(hits.verb[hit], self._setting["verb"][group], self._setting["noun"][group])
        hit, group, start, end, left, right = (each[near] for each in (hit, group, start, end, left, right))

        strong, comma = _counted(tokens.after_strong), _counted(tokens.after_comma)
        stops, follows = self._held(words, self._stops), self._held(words, self._follows)
        sentence_end = np.searchsorted(tokens.sentence, tokens.sentence[start], side="right")
        free = strong[right + 1] == strong[left]
        free &= self._setting["over_commas"][group] | (comma[right + 1] == comma[left])
        free &= stops[right, group] == stops[left, group]
        free &= ~self._setting["last"][group] | ((sentence_end - end <= _TAIL) & tokens.after_comma[start])
        followed = follows[np.minimum(end + _TAIL, sentence_end), group] > follows[end, group]
        free &= ~self._setting["follows"][group] | followed
        hit, group, start, end = (each[free] for each in (hit, group, start, end))
        _, first = np.unique(hit * len(self._groups) + group, return_index=True)
        return hit[first], group[first], start[first], end[first]

    @staticmethod
    def _held(words: Words, elements: list[list[int]]) -> np.ndarray:
        """Count the words up to each place that fulfil the elements of a group, int64 [n + 1, n_groups]."""
        of_set = np.zeros((len(words.holds), len(elements)), dtype=bool)
        for group, wanted in enumerate(elements):
            of_set[:, group] = words.holds[:, wanted].any(axis=1)
        return _counted(of_set[words.sets])


def _counted(flags: np.ndarray) -> np.ndarray:
    """Count how many are set before each place, int [n + 1, ...]."""
    return np.concatenate([np.zeros((1, *flags.shape[1:]), dtype=np.int64), np.cumsum(flags, axis=0)])
