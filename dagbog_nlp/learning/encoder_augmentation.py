"""Write a training sentence in another person's style: oral, telegraphic, without full stops.

Therapists whom the encoder has never read write ``ik``, ``ska``, ``m/``, drop *jeg* and commas. Showing the
same sentence in several styles keeps the encoder from leaning on one writer's habits. Only the style
changes: no word that carries a code is dropped, and no sentence is joined with another.
"""

from __future__ import annotations

import random
import re
from functools import cache
from importlib.resources import files

import srsly

_TOKEN = re.compile(r"\w+['./]?|\s+|[^\w\s]")
_LEADING = re.compile(r"(?:Jeg|Vi|Undertegnede|UT|FK) (?=\w)")
_INNER = re.compile(r"(?<=[,;] )(?:og )?(?:jeg|vi) (?=\w)")
_COMMA = re.compile(r"(?<=\w),(?= )")
_QUOTES = re.compile(r'["“”»«]')
_STOP = re.compile(r"[.!]$")


@cache
def _styles() -> tuple[dict[str, list[str]], dict[str, list[str]], frozenset[str], frozenset[str]]:
    data = srsly.yaml_loads(files("dagbog_nlp.resources").joinpath("style_da.yaml").read_text("utf-8"))
    back: dict[str, list[str]] = {}
    for plain, variants in data["variants"].items():
        for variant in variants:
            if variant not in data["one_way"]:
                back.setdefault(variant.lower(), []).append(plain)
    return data["variants"], back, frozenset(data["pronouns"]), frozenset(data["function_words"])


def restyle(text: str, chance: random.Random) -> str:
    """Return a sentence in a random other style, or as it is one time in four.

    Examples
    --------
    >>> restyle("Jeg ringer ikke til mor i dag.", random.Random(9))
    'U.t. tlf ik t/ m. i dag.'
    """
    if chance.random() < 0.25:
        return text
    if chance.random() < 0.35:
        text = _without_subject(text, chance)
    if chance.random() < 0.5:
        text = _respelled(text, chance)
    if chance.random() < 0.15:
        text = _telegraphic(text, chance)
    if chance.random() < 0.12:
        text = _mistyped(text, chance)
    if chance.random() < 0.06:
        text = text.replace("å", "aa").replace("ø", "oe").replace("æ", "ae")
    if chance.random() < 0.3:
        text = _COMMA.sub("", text)
    if chance.random() < 0.15:
        text = _QUOTES.sub("", text)
    if chance.random() < 0.4:
        text = _STOP.sub("", text)
    case = chance.random()
    if case < 0.12:
        text = text.lower()
    elif case < 0.3:
        text = text[:1].lower() + text[1:]
    elif case < 0.315:
        text = text.upper()
    return text if text.strip() else "."


def _without_subject(text: str, chance: random.Random) -> str:
    """Drop the writer's own *jeg* or *vi*, never another subject: who doubts decides the code."""
    match = _LEADING.match(text)
    if match:
        text = text[match.end() :]
        return text[:1].upper() + text[1:] if chance.random() < 0.6 else text
    return _INNER.sub("", text, count=1) if chance.random() < 0.6 else text


def _respelled(text: str, chance: random.Random) -> str:
    variants, back, pronouns, _ = _styles()
    rate = chance.choice((0.15, 0.4, 0.8))
    words = []
    for word in _TOKEN.findall(text):
        lower, new = word.lower(), word
        if word[0].isalnum() and chance.random() < rate:
            if lower in variants and (lower not in pronouns or chance.random() < 0.15):
                new = chance.choice(variants[lower])
            elif lower in back:
                new = chance.choice(back[lower])
        titled = word[0].isupper() and word[1:].islower()
        words.append(new[:1].upper() + new[1:] if titled else new)
    return "".join(words)


def _telegraphic(text: str, chance: random.Random) -> str:
    function_words = _styles()[3]
    rate = chance.choice((0.3, 0.7))
    kept = [word for word in text.split(" ") if word.lower() not in function_words or chance.random() > rate]
    return " ".join(kept) if len(kept) >= 3 else text


def _mistyped(text: str, chance: random.Random) -> str:
    words = text.split(" ")
    for _ in range(chance.choice((1, 1, 2))):
        spot = chance.randrange(len(words))
        word = words[spot]
        if len(word) > 5:
            place, kind = chance.randrange(1, len(word) - 2), chance.random()
            if kind < 0.4:
                words[spot] = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
            elif kind < 0.8:
                words[spot] = word[:place] + word[place + 1 :]
            else:
                words[spot] = word[:place] + word[place] + word[place:]
    return " ".join(words)
