import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.context import ContextCues, ContextRules
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.errors import CodebookError


@pytest.mark.parametrize(
    ("content", "problem"),
    [("stops: []\n", "pseudo"), ("stops: [", "cannot be read")],
)
def test_broken_cue_lists_are_refused(tmp_path, content, problem):
    file = tmp_path / "ord.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(CodebookError, match=problem):
        ContextCues.load(file)


def test_no_cue_is_written_twice_and_every_list_is_used():
    cues = ContextCues.load()
    for group in cues.cues:
        assert len(set(group.words)) == len(group.words)
        assert len(set(group.stops)) == len(group.stops)
        assert group.over_commas or not set(group.stops) & set(cues.stops)
    for words in (cues.stops, *cues.pseudo.values(), *cues.holders.values()):
        assert len(set(words)) == len(words)
    assert set(cues.pseudo) <= {group.status for group in cues.cues}
    names = list(cues.holders)
    assert not [
        word
        for one in names
        for other in names
        if one < other
        for word in set(cues.holders[one]) & set(cues.holders[other])
    ]


def test_every_pseudo_cue_holds_a_cue_that_it_disarms():
    cues = ContextCues.load()
    for status, phrases in cues.pseudo.items():
        table = ContextRules(cues).table
        rules = [
            table.rule(word, "test") for group in cues.cues if group.status == status for word in group.words
        ]
        heads = {rule.parts[0].elements[0] for rule in rules}
        for phrase in phrases:
            words = [part.strip("!") for word in phrase.split() for part in word.split("|")]
            assert any(heads & set(table.match(word)) for word in words), phrase


@pytest.mark.parametrize(
    ("changed", "negated", "holder"),
    [
        ({}, True, "family"),
        ({"cues": []}, False, "family"),
        ({"holders": {}}, True, ""),
        ({"cues": [], "pseudo": {}, "holders": {}, "stops": []}, False, ""),
    ],
)
def test_a_cue_list_may_be_emptied(changed, negated, holder):
    coder = KeywordCoder(Codebook.load(), ContextCues.load().model_copy(update=changed))
    (hit,) = coder.code(pd.DataFrame({"start": [0], "text": ["Mor græder ikke."]})).to_dict("records")
    assert (hit["negated"], hit["holder"]) == (negated, holder)
