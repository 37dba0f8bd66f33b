"""Danish and English words of the tables, from ``resources/table_words.yaml``."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

import srsly

from dagbog_nlp.codebook.codebook import Codebook

Language = Literal["da", "en"]
Words = Mapping[str, str]


@lru_cache(maxsize=1)
def _all_words() -> dict[str, Any]:
    text = (resources.files("dagbog_nlp") / "resources" / "table_words.yaml").read_text(encoding="utf-8")
    words: dict[str, Any] = srsly.yaml_loads(text)
    return words


def words_for(key: str) -> dict[str, Words]:
    """Give a section of the word list, or the title and note of a table.

    Examples
    --------
    >>> words_for("severity")["title"]["en"]
    'Severity by goal attainment'
    """
    words = _all_words()
    found: dict[str, Words] = words["tables"][key] if key in words["tables"] else words[key]
    return found


def phrase(key: str, language: Language, **values: object) -> str:
    """Give a phrase with its blanks filled in."""
    return words_for("phrases")[key][language].format(**values)


def number(value: float, language: Language, decimals: int = 2) -> str:
    """Write a number with the decimal mark of the language.

    Examples
    --------
    >>> number(0.0417, "da", 3)
    '0,042'
    """
    text = f"{value:.{decimals}f}"
    return text.replace(".", ",") if language == "da" else text


def p_value(value: float, language: Language, *, banded: bool = False) -> str:
    """Write a p-value, or the band it lies in.

    Examples
    --------
    >>> p_value(0.0417, "da"), p_value(0.05, "en", banded=True), p_value(1.0, "da", banded=True)
    ('p = 0,042', 'p < 0.05', 'p ≥ 0,05')
    """
    if math.isnan(value):
        return "p: -"
    if banded:
        return f"p ≥ {number(0.05, language)}" if value > 0.05 else f"p < {_plain(value, language)}"
    return f"p < {number(0.001, language, 3)}" if value < 0.001 else f"p = {number(value, language, 3)}"


def _plain(value: float, language: Language) -> str:
    return f"{value:g}".replace(".", ",") if language == "da" else f"{value:g}"


@lru_cache(maxsize=1)
def _shipped() -> Codebook:
    return Codebook.load()


def code_labels(codes: Iterable[str], codebook: Codebook | None = None) -> dict[str, Words]:
    """Give the Danish and English label of each code that the codebook has; the shipped one by default."""
    book = codebook or _shipped()
    wanted = set(codes)
    return {
        code.path: {"da": code.label or code.path, "en": code.label_en or code.label or code.path}
        for code in book.codes
        if code.path in wanted
    }
