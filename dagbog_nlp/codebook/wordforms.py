"""Danish word forms: from a codebook entry to every spelling that should match it.

An entry is a plain word (``trøste``), a glob (``trøst*``, ``?*kontakt``; ``?`` is one letter, ``#`` a
number) or an exact spelling (``kontakter!``). A plain word takes its inflections, compounds that end
in it (the last part of a Danish compound is its head), ae/oe/aa for æ/ø/å, hyphens, and misspellings
one edit away that are no Danish words themselves. What may also match is the word cut short
(``reag.``); whoever looks it up must see the full stop.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

import simplemma
import srsly

from dagbog_nlp.notes.sentences import abbreviations

_LETTERS = r"(?:[^\W_]++|[\u0300-\u036f]++)++"
WORD = re.compile(rf"{_LETTERS}(?:[-'’´]{_LETTERS})*")
EXACT = "!"
ANY = "*"
GLOB = {"*": ".*", "?": ".", "#": r"\d.*"}
ABBREVIATED_FROM = 4
MISSPELLED_FROM = 6
COMPOUND_FROM = 4
_FOLD = str.maketrans({"æ": "ae", "ø": "oe", "å": "aa", "ä": "ae", "ö": "oe", "é": "e", "è": "e", "ü": "y"})
_VOWELS = "aeiouyæøå"
_ADJECTIVE = re.compile(r"(?:fuld|som|løs|lig|ig|sk|bar|mæssig|agtig|kvalt|labil|færdig|ende|tom)$")
_ENDINGS = ("en", "et", "e", "er", "ene", "erne", "ere", "est", "este", "t")
_ADJECTIVE_ENDINGS = ("t", "e", "ere", "est", "este")
_VERB_ENDINGS = ("e", "er", "es", "ede", "edes", "et", "t", "te", "tes", "ende", "")
_SELDOM = ("ere", "est", "este", "ests", "eres", "estes")
_CONTRACTED = re.compile(r"[^aeiouyæøå]e[lnr]$")
_CONTRACTED_ENDINGS = ("e", "et", "ene", "er", "erne", "ere", "est", "este")
_E_NOUN_ENDINGS = ("en", "er", "erne", "et", "ene")


@dataclass(frozen=True, slots=True)
class Match:
    """Why a word matches an entry: the entry and the kind of likeness."""

    entry: str
    kind: str


def normalise(word: str) -> str:
    """Return the word composed (NFC) and in lower case.

    Examples
    --------
    >>> normalise("GRA\u030aD")
    'gråd'
    """
    return unicodedata.normalize("NFC", word).lower()


@lru_cache(maxsize=1 << 14)
def fold(word: str) -> str:
    """Return the key under which spellings of one word meet: å is aa, hyphens and apostrophes are gone.

    Examples
    --------
    >>> fold("Øjen-kontakt") == fold("oejenkontakt")
    True
    """
    folded = normalise(word).translate(_FOLD)
    return folded if folded.isalnum() else re.sub(r"[\W_]", "", folded)


@cache
def _irregular() -> dict[str, list[str]]:
    path = resources.files("dagbog_nlp") / "resources" / "irregular_forms_da.yaml"
    return {word: forms.split() for word, forms in srsly.yaml_loads(path.read_text("utf-8")).items()}


def inflect(word: str) -> set[str]:
    """Return the forms that a Danish word can take, itself among them.

    The paradigm is chosen by the word's ending: adjectives by their suffix, verbs and nouns in -e,
    other nouns. Some forms do not exist; none of them is in the way of another word.

    Parameters
    ----------
    word
        In its dictionary form.

    Returns
    -------
    set of str
        In lower case.

    Examples
    --------
    >>> sorted(inflect("stemning"))[:4]
    ['stemning', 'stemninge', 'stemningen', 'stemningene']
    >>> {"græder", "græd", "grædende"} <= inflect("græde")
    True
    """
    base = normalise(word)
    forms = {base, *_irregular().get(base, ())}
    if _ADJECTIVE.search(base):
        forms |= {stem + ending for stem in (base, _doubled(base)) for ending in _ADJECTIVE_ENDINGS}
    elif base.endswith("e"):
        stem = base[:-1]
        forms |= {stem + ending for ending in (*_VERB_ENDINGS, *_E_NOUN_ENDINGS)} - {
            stem if len(stem) < 4 else ""
        }
    elif base[-1:] in _VOWELS:
        forms |= {
            base + ending for ending in ("en", "et", "er", "erne", "ene", "r", "s", "ede", "et", "ende")
        }
    else:
        forms |= {stem + ending for stem in (base, _doubled(base)) for ending in _ENDINGS}
    if _CONTRACTED.search(base):
        stem = re.sub(r"([^aeiouyæøå])\1?e([lnr])$", r"\1\2", base)
        forms |= {stem + ending for ending in _CONTRACTED_ENDINGS}
    return forms | {form + "s" for form in forms if not form.endswith("s")}


def is_verb_form(word: str, verb: str) -> bool:
    """Say whether `word`, a form of `verb` in -e, is used as a verb; the bare stem is taken for the noun.

    Examples
    --------
    >>> is_verb_form("græd", "græde"), is_verb_form("trøst", "trøste")
    (True, False)
    """
    return verb.endswith("e") and (word != verb[:-1] or word in _irregular().get(verb, ()))


def _doubled(base: str) -> str:
    short = len(base) > 2 and base[-1] not in _VOWELS and base[-2] in _VOWELS and base[-3] not in _VOWELS
    return base + base[-1] if short else base


class WordForms:
    """Looks up which entries a word matches, once per distinct word.

    Parameters
    ----------
    entries
        Words, globs and exact spellings.
    lenient
        Also take compounds and misspellings of plain words.

    Examples
    --------
    >>> forms = WordForms(["trøste", "*kontakt"])
    >>> forms.match("Trøstede")
    [Match(entry='trøste', kind='form')]
    >>> forms.match("forældrekontakt")
    [Match(entry='*kontakt', kind='glob')]
    """

    def __init__(self, entries: Iterable[str], *, lenient: bool = True) -> None:
        self._lenient = lenient
        self._forms: dict[str, list[str]] = {}
        self._globs: list[tuple[re.Pattern[str], str]] = []
        self._wildcards: list[str] = []
        self._near: dict[str, set[str]] = {}
        self._beginnings: dict[str, list[str]] = {}
        spellings: set[str] = set()
        for entry in dict.fromkeys(entries):
            if entry == ANY:
                self._wildcards.append(entry)
                continue
            if set(entry) & set(GLOB):
                body = "".join(GLOB.get(sign) or re.escape(fold(sign)) for sign in entry)
                self._globs.append((re.compile(body), entry))
                continue
            exact = entry.endswith(EXACT)
            forms = {normalise(entry[:-1])} if exact else inflect(entry)
            for form in forms:
                self._forms.setdefault(fold(form), []).append(entry)
            if not exact:
                spellings |= {form for form in forms if not form.endswith(_SELDOM)}
                for beginning in _beginnings(normalise(entry)):
                    self._beginnings.setdefault(fold(beginning), []).append(entry)
        self._any_glob = re.compile("|".join(pattern.pattern for pattern, _ in self._globs) or r"(?!)")
        self._plain = {
            key: plain
            for key, entries in self._forms.items()
            if (plain := [e for e in entries if e[-1] != EXACT])
        }
        near = [form for form in spellings if len(form) >= MISSPELLED_FROM]
        self._starts = frozenset(form[:3] for form in near)
        self._ends = frozenset(form[-3:] for form in near)
        self._longest = max(map(len, self._plain), default=0)
        self._tails = frozenset(key[-COMPOUND_FROM:] for key in self._plain)
        if lenient:
            for form in near:
                for cut in _deletions(form):
                    self._near.setdefault(cut, set()).add(form)

    def match(self, word: str) -> list[Match]:
        """Return every entry that the word matches, best kind first: form, glob, compound, misspelling."""
        key = fold(word)
        entries = self._forms.get(key)
        found = [Match(entry, "form") for entry in entries] if entries else []
        if self._any_glob.fullmatch(key):
            found += [Match(entry, "glob") for pattern, entry in self._globs if pattern.fullmatch(key)]
        if self._wildcards:
            found += [Match(entry, "glob") for entry in self._wildcards]
        if found or not self._lenient:
            return found
        return self._misspelling(word) or self._compound(word, key) or self._abbreviation(word, key)

    @property
    def plain(self) -> dict[str, list[str]]:
        """The forms of plain words, folded, each with the words that it is a form of."""
        return self._plain

    def _compound(self, word: str, key: str) -> list[Match]:
        if key[-COMPOUND_FROM:] not in self._tails:
            return []
        for cut in range(max(2, len(key) - self._longest), len(key) - COMPOUND_FROM + 1):
            entries = self._plain.get(key[cut:])
            if entries and _is_first_part(normalise(word), key[:cut]):
                return [Match(entry, "compound") for entry in entries]
        return []

    def _misspelling(self, word: str) -> list[Match]:
        written = normalise(word)
        if written[:3] not in self._starts and written[-3:] not in self._ends:
            return []
        near = {
            form
            for cut in _deletions(written)
            for form in self._near.get(cut, ())
            if _one_edit(written, form)
        }
        if not near or is_word(word) or _is_two_words(written):
            return []
        entries = dict.fromkeys(entry for form in sorted(near) for entry in self._plain[fold(form)])
        return [Match(entry, "misspelling") for entry in entries]

    def _abbreviation(self, word: str, key: str) -> list[Match]:
        entries = self._beginnings.get(key)
        if not entries or is_word(word) or f"{normalise(word)}." in abbreviations():
            return []
        return [Match(entry, "abbreviation") for entry in dict.fromkeys(entries)]


@cache
def is_word(word: str) -> bool:
    """Say whether simplemma's Danish dictionary holds the word in this spelling.

    Examples
    --------
    >>> is_word("grader"), is_word("grædr")
    (True, False)
    """
    return simplemma.is_known(normalise(word), lang="da")


def _is_first_part(word: str, key: str) -> bool:
    part = word
    while len(fold(part)) > len(key):
        part = part[:-1]
    part = part.rstrip("-'’´")
    return len(part) > 2 and (is_word(part) or (part[-1] in "se" and is_word(part[:-1])))


def _is_two_words(word: str) -> bool:
    return any(is_word(word[:cut]) and is_word(word[cut:]) for cut in range(5, len(word) - 2))


def _beginnings(base: str) -> list[str]:
    shortest = ABBREVIATED_FROM + (len(base) > 2 * ABBREVIATED_FROM)
    return [base[:length] for length in range(shortest, len(base) - 1)]


def _deletions(key: str) -> set[str]:
    return {key} | {key[:i] + key[i + 1 :] for i in range(len(key))}


def _one_edit(left: str, right: str) -> bool:
    if fold(left[:1])[:1] != fold(right[:1])[:1] or abs(len(left) - len(right)) > 1:
        return False
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    a, b = left[start:], right[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[2:] == b[2:] and a[:2] == b[1::-1])
