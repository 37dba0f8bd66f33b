"""Which pieces of the tokenizer Danish notes need, and a tokenizer with only those."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from tokenizers import Tokenizer

from dagbog_nlp.learning.encoder_augmentation import restyle

_SPECIAL = 4  # <s> <pad> </s> <unk>
_OTHER_SCRIPTS = ("LETTER", "SYLLABLE", "CJK", "HANGUL", "VOWEL")


def danish_pieces(tokenizer: Tokenizer, texts: Iterable[str], words: Iterable[str]) -> set[int]:
    """Find the pieces that Danish text uses.

    Parameters
    ----------
    tokenizer
        With all pieces.
    texts
        Sentences; they are also read in other styles.
    words
        Frequent words, the most frequent first; the first are also read inside a word and in capitals.

    Returns
    -------
    set of int
        Piece numbers, with all single Latin letters, digits and signs, so that no Danish text is unknown.
    """
    chance = random.Random(1)  # noqa: S311
    lines = list(texts)
    lines += [restyle(line, chance) for line in lines for _ in range(2)]
    for rank, word in enumerate(words):
        lines += [word, word.capitalize()]
        if rank < 10_000:
            lines.append(f"({word}")
        if rank < 1_500:
            lines.append(word.upper())
    kept = {piece for encoding in tokenizer.encode_batch(lines) for piece in encoding.ids}
    return kept | {
        index for piece, index in tokenizer.get_vocab().items() if _is_sign(piece.removeprefix("▁"))
    }


def _is_sign(piece: str) -> bool:
    if len(piece) > 1:
        return False
    name = unicodedata.name(piece or " ", "LETTER")
    return name.startswith("LATIN") or not any(word in name for word in _OTHER_SCRIPTS)


def prune_tokenizer(definition: Mapping[str, Any], keep: Iterable[int]) -> tuple[dict[str, Any], list[int]]:
    """Keep some pieces of a unigram tokenizer.

    A word whose piece is gone falls into smaller pieces that are kept, so keep all single letters.

    Parameters
    ----------
    definition
        The content of a ``tokenizer.json``.
    keep
        Piece numbers; the four special ones are kept anyway.

    Returns
    -------
    tuple
        The new definition, and the old number of each piece of it.
    """
    vocabulary = definition["model"]["vocab"]
    kept = sorted(set(keep) | set(range(_SPECIAL)))
    pruned = json.loads(json.dumps({key: value for key, value in definition.items() if key != "model"}))
    pruned["model"] = {**definition["model"], "vocab": [vocabulary[index] for index in kept]}
    pruned["added_tokens"] = [token for token in pruned["added_tokens"] if token["id"] < _SPECIAL]
    return pruned, kept
