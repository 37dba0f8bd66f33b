"""Every rule of the shipped codebook must be proved by the corpus, a trap or an example."""

import json
import re
from collections import Counter

import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.learning.corpus import read_corpus
from dagbog_nlp.show.concordance import rule_table

WRITERS = [
    "W1",
    "W2",
    "W3",
    "W4",
    "W5",
    "W7",
    "W8",
    "W9",
    "W10",
    "W11",
    "W12",
    "W13",
    "W14",
    "W15",
    "W16",
    "W18",
]


@pytest.fixture(scope="module")
def book():
    return Codebook.load()


@pytest.fixture(scope="module")
def rules(book, root):
    texts = read_corpus(root / "data_samples" / "corpus", writers=WRITERS).sentences["text"].to_list()
    for name in ("senses", "context"):
        lines = (root / "tests" / "traps" / f"{name}.jsonl").read_text("utf-8").splitlines()
        texts += [json.loads(line)["text"] for line in lines]
    texts += [text for code in book for text in (*code.examples, *code.counter_examples)]
    return rule_table(KeywordCoder(book), pd.DataFrame({"start": 0, "text": texts}))


def test_no_rule_is_dead(rules):
    dead = rules[rules["coded"] == 0]
    assert dead[["code", "role", "rule"]].values.tolist() == []


def test_no_word_is_taken_by_two_codes(rules):
    both = rules[rules["conflicts"] > 0]
    assert both[["code", "rule"]].values.tolist() == []


def test_no_rule_is_written_twice(book):
    for code in book:
        if code.keywords:
            every = [*code.keywords.words, *code.keywords.exclude]
            assert [rule for rule, count in Counter(every).items() if count > 1] == []


def test_every_list_is_used_and_holds_each_word_once(book):
    used = {
        name
        for code in book
        if code.keywords
        for rule in code.keywords.exclude
        for name in re.findall(r"@(\w+)", rule)
    }
    used |= {entry[1:] for words in book.lists.values() for entry in words if entry.startswith("@")}
    assert used == set(book.lists)
    for name, words in book.lists.items():
        assert [word for word, count in Counter(words).items() if count > 1] == [], name
