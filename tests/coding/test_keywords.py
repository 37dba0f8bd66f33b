import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.context import ContextCues
from dagbog_nlp.coding.keywords import COLUMNS, KeywordCoder
from dagbog_nlp.errors import CodebookError


def table(*texts, starts=None):
    return pd.DataFrame({"start": starts or [0] * len(texts), "text": list(texts)})


@pytest.fixture(scope="module")
def coder():
    return KeywordCoder(Codebook.load())


WORDS = [
    "Mor",
    "græder",
    "ikke",
    "kontakt",
    "til",
    "kommunen",
    ",",
    ".",
    '"',
    "øjen",
    "kontakt",
    "reag.",
    "trøst",
    "GRÅD",
    "jeg",
    "a\u030a",
]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join), st.integers(0, 1000))
def test_cues_lie_in_the_sentence_and_do_not_depend_on_its_place(coder, text, offset):
    at_zero = coder.code(table(text))
    moved = coder.code(table(text, starts=[offset]))
    assert (moved["cue_start"] - offset).tolist() == at_zero["cue_start"].tolist()
    assert ((at_zero["cue_start"] >= 0) & (at_zero["cue_end"] <= len(text))).all()
    assert not at_zero.duplicated(["row", "code"]).any()


def test_the_table_has_the_declared_columns_also_when_nothing_hits(coder):
    for found in (
        coder.code(table("Vejret er godt.")),
        coder.code(table("Mor græder.")),
        coder.code(table()),
    ):
        assert {name: str(dtype) for name, dtype in found.dtypes.items()} == COLUMNS


def test_a_hit_says_which_rule_made_it_and_what_the_context_rests_on(coder):
    text = "Ifølge mor er der ingen kontakt."
    row = coder.code(table(text, starts=[100])).iloc[0]
    assert row["rule_id"] == "relationsarbejde/kontakt#kontakt:form"
    assert text[row["cue_start"] - 100 : row["cue_end"] - 100] == "kontakt"
    cues = dict(cue.split(":") for cue in row["context"].split())
    start, end = map(int, cues["negation"].split("-"))
    assert text[start - 100 : end - 100] == "ingen"
    assert row["negated"] and row["reported"] and not row["hypothetical"]


def test_negated_hits_stay(coder):
    assert coder.code(table("Hun giver ikke øjenkontakt.")).loc[0, ["code", "negated"]].tolist() == [
        "relationsarbejde/øjenkontakt",
        True,
    ]


def test_an_analysts_own_code_works_from_the_next_call():
    coder = KeywordCoder(Codebook.load())
    sentences = table("Hun er tryg ved os.", "Han får trygdeydelse.", "Sikke en tryghed.")
    assert len(coder.code(sentences)) == 0
    coder.codebook.add("relationsarbejde/tryghed", words=["tryg*", "trygge"], exclude=["trygdeydelse"])
    assert coder.code(sentences)["row"].tolist() == [0, 2]


def test_a_phrase_can_be_a_word_of_a_code():
    book = Codebook()
    book.add("sammenbrud", words=["bryde ... sammen"])
    found = KeywordCoder(book).code(table("Mor brød helt sammen.", "De brød døren op."))
    assert found[["row", "cue_start", "cue_end", "rule_id"]].values.tolist() == [
        [0, 4, 20, "sammenbrud#bryde ... sammen:phrase"]
    ]


def test_keep_brings_an_excluded_hit_back():
    book = Codebook()
    book.add("kontakt", words=["kontakt"], exclude=["kontakt til skolen"], keep=["god kontakt"])
    found = KeywordCoder(book).code(table("Far har kontakt til skolen.", "Far har god kontakt til skolen."))
    assert found["row"].tolist() == [1]


def test_a_phrase_does_not_reach_across_punctuation_but_plus_does():
    book = Codebook()
    book.add("kode", words=["kontakt"], exclude=["lampe ... kontakt"])
    assert len(KeywordCoder(book).code(table("Hun tænder en lampe, kontakt er der ikke."))) == 1
    book.codes[0].keywords.exclude.append("lampe + kontakt")
    assert len(KeywordCoder(book).code(table("Hun tænder en lampe, kontakt er der ikke."))) == 0


def test_examples_of_the_codebook_are_coded_and_counter_examples_are_not(coder):
    for path in coder.codebook.keyword_codes:
        code = coder.codebook[path]
        assert (coder.code(table(*code.examples))["code"] == path).sum() == len(code.examples)
        assert path not in set(coder.code(table(*code.counter_examples))["code"])


def test_one_cue_list_can_be_replaced_alone():
    cues = ContextCues.load()
    group = next(group for group in cues.cues if group.status == "negation" and group.side == "before")
    group.words = ["nix"]
    sentences = table("Der er nix kontakt.", "Der er ingen kontakt.")
    assert KeywordCoder(Codebook.load(), cues).code(sentences)["negated"].tolist() == [True, False]


def test_a_broken_rule_is_named_with_its_code():
    book = Codebook()
    book.add("kode", words=["ord"], exclude=["@ukendt ord"])
    with pytest.raises(CodebookError, match="kode: there is no word list ukendt"):
        KeywordCoder(book).code(table("ord"))


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("Far har ikke over skud i dag.", "over skud"),
        ("De har en dia log om det.", "dia log"),
        ("Han er et om sorgs fuldt barn.", "om sorgs fuldt"),
    ],
)
def test_a_hit_covers_all_parts_of_a_split_word(coder, text, covered):
    row = coder.code(table(text, starts=[7])).iloc[0]
    assert text[row["cue_start"] - 7 : row["cue_end"] - 7] == covered
    fired = coder.fired([text])
    words = fired[fired["role"] == "words"].iloc[0]
    assert text[words["start"] : words["end"]] == covered


def test_a_split_word_of_an_own_code_is_found_and_a_phrase_is_left_alone():
    book = Codebook()
    book.add("indsats", words=["indsats"], exclude=["politiindsats"])
    texts = ("Deres ind sats virker.", "Vi satte ind, sats var der.", "En politi indsats på vejen.")
    assert KeywordCoder(book).code(table(*texts))["row"].tolist() == [0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["om", "sorgs", "fuldt", "over", "skud", "en", "har", "og", ",", "dia", "log"]))
)
def test_words_put_together_keep_their_places(coder, words):
    text = " ".join(words)
    for row in coder.code(table(text)).itertuples():
        assert text[row.cue_start : row.cue_end].replace(" ", "").isalpha()
