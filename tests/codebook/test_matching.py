"""Rules matched on arrays find what following each rule word by word finds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbog_nlp.codebook.matching import ElementSets, RuleIndex, Spans, Words
from dagbog_nlp.codebook.rules import LONGEST_GAP, RuleTable

RULES = [
    "sol",
    "sol regn",
    "sol ... regn",
    "sol ... vind regn",
    "sol sol",
    "sol + vind",
    "sol regn + vind ... sol",
]
SENTENCES = st.lists(st.lists(st.sampled_from(["sol", "regn", "vind", "sne", "."]), max_size=12), max_size=4)
RANGES = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4), st.integers(0, 2)), max_size=6)


def end_of(phrase, step, at, elements, breaks):
    """Return where a phrase ends whose first `step` elements stand before word `at`; None where it does not."""
    if step == len(phrase.elements):
        return at
    reach = 1 + LONGEST_GAP * phrase.gaps[step]
    for place in range(at, min(at + reach, len(elements))):
        if breaks[place]:
            return None
        if phrase.elements[step] in elements[place]:
            end = end_of(phrase, step + 1, place + 1, elements, breaks)
            if end is not None:
                return end
    return None


def spans_of(rule, elements, breaks):
    parts = [
        [
            (at, end)
            for at, held in enumerate(elements)
            if part.elements[0] in held and (end := end_of(part, 1, at + 1, elements, breaks)) is not None
        ]
        for part in rule.parts
    ]
    return [span for spans in parts for span in spans] if all(parts) else []


@settings(max_examples=150, deadline=None)
@given(SENTENCES)
def test_spans_are_those_of_following_each_rule(sentences):
    table, sets = RuleTable({}), ElementSets()
    rules = [table.rule(text, "test") for text in RULES]
    elements, breaks, owner, expected = [], [], [], []
    for number, sentence in enumerate(sentences):
        words = [
            (word, at == 0 or sentence[at - 1] == ".") for at, word in enumerate(sentence) if word != "."
        ]
        held = [frozenset(table.match(word)) for word, _ in words]
        cut = [after or at == 0 for at, (_, after) in enumerate(words)]
        expected += [
            (place, len(elements) + first, len(elements) + last)
            for place, rule in enumerate(rules)
            for first, last in spans_of(rule, held, cut)
        ]
        elements += held
        breaks += cut
        owner += [number] * len(words)
    numbers = np.array([sets.number(held) for held in elements], dtype=np.int64)
    words = Words(
        numbers, sets.table(table.n_elements), np.array(breaks, bool), np.array(owner, dtype=np.int64)
    )
    found = RuleIndex(rules).spans(words)
    assert sorted(zip(found.rule.tolist(), found.first.tolist(), found.last.tolist(), strict=True)) == sorted(
        expected
    )


def test_no_rules_stand_nowhere():
    sets = ElementSets()
    words = Words(np.zeros(2, dtype=np.int64), sets.table(0), np.array([True, False]), np.zeros(2, np.int64))
    assert len(RuleIndex([]).spans(words)) == 0


@settings(max_examples=150, deadline=None)
@given(RANGES, RANGES)
def test_what_meets_and_what_is_part_of_something_longer(ranges, others):
    def arrays(table):
        first, length, group = np.array(table, dtype=np.int64).reshape(-1, 3).T
        return Spans(np.zeros(len(table), dtype=np.int64), first, first + length), group

    (spans, group), (other, other_group) = arrays(ranges), arrays(others)
    assert spans.meet(other, group, other_group).tolist() == [
        any(a < b + n and b < a + m and g == h for b, n, h in others) for a, m, g in ranges
    ]
    assert spans.inside_longer(other).tolist() == [
        any(b <= a and a + m <= b + n and n > m for b, n, _ in others) for a, m, _ in ranges
    ]
