"""Sentences with one linguistic trap each; those marked as known failures must still fail."""

import json
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.notes.sentences import split_sentences

FOLDER = Path(__file__).parent


def traps(name):
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        trap = json.loads(line)
        marks = [pytest.mark.xfail(reason=trap["known_failure"])] if "known_failure" in trap else []
        yield pytest.param(trap, id=f"{name}:{number}:{trap['trap']}", marks=marks)


@pytest.fixture(scope="module")
def coder():
    return KeywordCoder(Codebook.load())


def hit(coder, trap):
    found = coder.code(pd.DataFrame({"start": [0], "text": [trap["text"]]}))
    return found[found["code"] == trap["code"]]


@pytest.mark.parametrize("trap", list(traps("sentences")))
def test_sentences_end_where_a_reader_ends_them(trap):
    text = trap["text"]
    assert [text[start:end] for start, end in split_sentences(text)] == trap["sentences"]


@pytest.mark.parametrize("trap", list(traps("wordforms")))
def test_an_entry_takes_the_forms_of_its_word_and_no_other_word(trap):
    book = Codebook()
    book.add("kode", words=[trap["entry"]])
    found = KeywordCoder(book).code(pd.DataFrame({"start": [0], "text": [trap["word"]]}))
    assert bool(len(found)) == trap["match"]


@pytest.mark.parametrize("trap", list(traps("senses")))
def test_only_the_relational_sense_is_coded(trap, coder):
    assert bool(len(hit(coder, trap))) == trap["match"]


@pytest.mark.parametrize("trap", list(traps("context")))
def test_the_context_is_read(trap, coder):
    found = hit(coder, trap).iloc[0]
    for name in {"negated", "holder", "hypothetical", "reported"} & set(trap):
        assert found[name] == trap[name]


def test_there_are_enough_traps_and_no_doubles():
    seen = defaultdict(list)
    for name in ("sentences", "wordforms", "senses", "context"):
        for line in (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines():
            seen[json.dumps({**json.loads(line), "trap": ""}, sort_keys=True)].append(name)
    assert len(seen) >= 400
    assert not [line for line, places in seen.items() if len(places) > 1]
