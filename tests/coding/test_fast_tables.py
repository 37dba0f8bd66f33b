"""The tables give what the rules and the matrix give, on the corpus and on any text."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import dagbog_nlp as dn
from dagbog_nlp.coding import word_table
from dagbog_nlp.coding.feature_index import LetterIndex, PairIndex
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.coding.sentence_pieces import SentencePieces
from dagbog_nlp.coding.word_table import Pieces, PieceTable, Vocabulary
from dagbog_nlp.notes.sentences import sentence_table

WORDS = st.sampled_from(
    [
        "Mor",
        "far",
        "hun",
        "Hun",
        "Jeg",
        "jeg",
        "og",
        "ikke",
        "kl.",
        "ift.",
        "bl.a.",
        "osv.",
        "dr.",
        "Hansen",
        "3.",
        "14.30",
        "14.",
        "d.",
        "3.4.",
        "§",
        "52,",
        "stk.",
        "t.",
        "6",
        "i.",
        "A.",
        "B.",
        "a)",
        "hjem.Mor",
        "god!Vi",
        '"Nej."',
        '"hun',
        "(se",
        "(Far",
        "siger:",
        "–",
        "-",
        "*",
        "•",
        "...",
        "…",
        "?!",
        "!",
        ".",
        "sover.",
        "træt?",
        "Obs:",
        "m/mor",
        "😀",
        "Vi",
        "Der",
        "Men",
        "é.",
        "É",
        "hjælp.",
        "øjen",
        "kontakt",
        "græder",
        "trøster",
        "aflyser",
        "afbud\xa0fra",
        "\x1c",
        "\u2028",
        "é",
        "1.",
        "2)",
        "NB.",
        "'Jeg",
        'ja"',
        "nej.)",
        "Så",
    ]
)
GAPS = st.sampled_from([" ", " ", " ", " ", " ", "\n", "  ", " \n ", "\r\n", "\t", "\u00a0", ""])
TEXT = st.lists(st.tuples(WORDS, GAPS), max_size=25).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)
CUTTER = SentencePieces()


def notes_of(texts):
    ids = [str(number) for number in range(len(texts))]
    date = pd.to_datetime(["2024-03-01"] * len(texts)).astype("datetime64[us]")
    return pd.DataFrame({"case_id": "1", "note_id": ids, "date": date, "text": pd.Series(texts, dtype="str")})


def same_sentences(cutter, notes):
    found = cutter.cut(notes["text"].to_list())
    table = found.table(notes)
    pd.testing.assert_frame_equal(table, sentence_table(notes), check_dtype=False)
    words = [piece for text in table["text"] for piece in text.split()]
    assert [found.pieces.vocabulary.types[number] for number in found.pieces.numbers] == words
    texts = notes["text"].to_numpy()[np.repeat(found.note, np.diff(found.pieces.bounds))]
    for text, start, piece in zip(texts, found.piece_start, words, strict=True):
        assert text.startswith(piece, start)


def test_sentences_of_the_corpus_are_those_of_the_rules(corpus):
    same_sentences(SentencePieces(), corpus.notes)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=3))
@example(["  3. Mor", "hjem.Mor.", ""])
def test_sentences_of_notes_like_ours_are_those_of_the_rules(texts):
    same_sentences(CUTTER, notes_of(texts))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=3))
def test_sentences_of_any_text_are_those_of_the_rules(texts):
    same_sentences(CUTTER, notes_of(texts))


def test_log_odds_are_features_times_coefficients(fast_coder, corpus):
    model = fast_coder.ensemble.words["words"]
    texts = corpus.sentences["text"].head(300).tolist()
    by_matrix = np.asarray(model.features_.transform(texts) @ model.coef_.T) + model.intercept_
    np.testing.assert_allclose(model.decision_function(texts), by_matrix, atol=1e-4)


def test_shares_add_up_to_the_log_odds(fast_coder, corpus):
    model = fast_coder.ensemble.words["words"]
    pieces = Pieces.of(corpus.sentences["text"].head(300).tolist())
    codes = np.arange(len(pieces)) % len(model.codes_)
    shares = model.word_scores.shares(pieces, codes)
    total = np.add.reduceat(shares, pieces.bounds[:-1]) + model.intercept_[codes]
    np.testing.assert_allclose(
        total, model.decision_function(pieces)[np.arange(len(pieces)), codes], atol=1e-4
    )


def test_keyword_codings_are_those_of_the_keyword_coder(corpus):
    notes = corpus.notes.head(150)
    sentences = sentence_table(notes)
    hits = KeywordCoder(dn.Codebook.load()).code(sentences)
    codings = dn.Autocoder(dn.Codebook.load()).code(notes)
    columns = ["code", "cue_start", "cue_end", "rule_id", "negated", "holder", "context"]
    assert len(hits) > 50
    expected = hits.assign(note_id=sentences["note_id"].to_numpy()[hits["row"]])
    expected = expected.sort_values(["row", "code"])[["note_id", *columns]].reset_index(drop=True)
    pd.testing.assert_frame_equal(codings[["note_id", *columns]], expected, check_dtype=False)


def test_a_full_vocabulary_is_replaced(fast_coder, corpus, monkeypatch):
    notes = corpus.notes.head(60)
    expected = fast_coder.code(notes)
    monkeypatch.setattr(word_table, "FULL", 50)
    monkeypatch.setattr("dagbog_nlp.coding.autocoder.CHUNK", 7)
    pd.testing.assert_frame_equal(fast_coder.code(notes), expected)


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=4), max_size=6))
def test_piece_tables_grow_with_the_vocabulary(batches):
    vocabulary, calls = Vocabulary(), []

    def compute(types):
        calls.extend(types)
        return np.array([ord(piece) for piece in types], dtype=np.int64), np.zeros((len(types), 2))

    table = PieceTable(compute)
    for batch in batches:
        numbers = vocabulary.numbers(batch)
        codes, other = table.rows(vocabulary)
        assert [chr(code) for code in codes[numbers]] == batch
        assert other.shape == (len(vocabulary.types), 2)
    assert sorted(calls) == sorted(set(calls))


@given(st.sets(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=200))
def test_every_pair_is_found_and_no_other(pairs):
    words = {f"w{number}": number for number in range(31)}
    names = words | {f"w{a} w{b}": 31 + at for at, (a, b) in enumerate(sorted(pairs))}
    index = PairIndex(names)
    first, second = np.divmod(np.arange(31 * 31), 31)
    at, pair = index.find(np.arange(31 * 31), first * len(names) + second)
    assert {(int(first[i]), int(second[i])) for i in at} == pairs
    assert [names[f"w{first[i]} w{second[i]}"] for i in at] == index.columns[pair].tolist()


@pytest.mark.parametrize("text", ["", " \n ", "- - -", "!!!"])
def test_texts_without_words(fast_coder, text):
    assert fast_coder.code(text)["cue_start"].isna().all()
    assert (
        CUTTER.cut([text]).table(notes_of([text]))["text"].tolist()
        == sentence_table(notes_of([text]))["text"].tolist()
    )


@given(
    st.sets(st.text("abæ 😀", min_size=1, max_size=5)),
    st.lists(st.text("abcæø😀é ", max_size=9)),
)
def test_every_known_letter_sequence_is_found_in_order(grams, texts):
    grams = sorted(grams)
    columns, bounds = LetterIndex(grams).find(texts, 2, 4)
    for number, text in enumerate(texts):
        words = [f" {word} " for word in text.split()]
        inside = [word[at : at + n] for word in words for n in (2, 3, 4) for at in range(len(word) - n + 1)]
        found = [grams[column] for column in columns[bounds[number] : bounds[number + 1]]]
        assert found == [gram for gram in inside if gram in grams]
