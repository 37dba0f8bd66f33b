import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbog_nlp.notes.sentences import abbreviations, sentence_table, split_sentences

PIECES = [
    "Mor",
    "ringer",
    "kl.",
    "14.30",
    "d.",
    "3.",
    ".",
    "!",
    "?",
    "…",
    "\n",
    "\r\n",
    " ",
    "- ",
    '"',
    "”",
    "(",
    ")",
    "😊",
    "N.",
    "§",
    "bl.a.",
    "Hun",
    "a\u030a",
    "52,",
    "stk.",
]
texts = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))


@settings(max_examples=150, deadline=None)
@given(texts)
def test_spans_are_trimmed_ordered_and_cover_everything(text):
    spans = split_sentences(text)
    covered = set()
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        covered |= set(range(start, end))
        last = end
    assert {at for at, sign in enumerate(text) if not sign.isspace()} <= covered


@settings(max_examples=50, deadline=None)
@given(texts)
def test_a_sentence_never_holds_a_line_break(text):
    assert not any("\n" in text[start:end].replace("\r", "\n") for start, end in split_sentences(text))


def test_the_table_keeps_the_notes_order_and_columns():
    notes = pd.DataFrame(
        {
            "case_id": ["S1", "S1", "S2"],
            "note_id": ["N1", "N2", "N3"],
            "date": pd.to_datetime(["2024-01-01", None, "2024-01-03"]),
            "focus": ["Samvær", "", "Netværk"],
            "text": ["Mor er træt. Far ringer.", "  \n ", "Obs: ny tid.\nHusk nøgle"],
        }
    )
    table = sentence_table(notes)
    assert list(table) == ["case_id", "note_id", "date", "focus", "start", "end", "text"]
    assert table["note_id"].tolist() == ["N1", "N1", "N3", "N3"]
    assert table["start"].dtype == table["end"].dtype == "int64"
    by_id = notes.set_index("note_id")["text"]
    assert all(by_id[row.note_id][row.start : row.end] == row.text for row in table.itertuples())


def test_notes_without_sentences_give_an_empty_table():
    notes = pd.DataFrame(
        {"case_id": ["S1"], "note_id": ["N1"], "date": pd.to_datetime(["2024-01-01"]), "text": [""]}
    )
    assert list(sentence_table(notes)) == ["case_id", "note_id", "date", "start", "end", "text"]
    assert len(sentence_table(notes)) == 0


def test_code_points_not_bytes_or_units():
    text = "Tak 😊🏽. Far græd."
    assert [text[start:end] for start, end in split_sentences(text)] == ["Tak 😊🏽.", "Far græd."]


def test_the_abbreviation_list_is_clean():
    for never in (True, False):
        assert all(word.endswith(".") and word == word.lower() for word in abbreviations(never_last=never))
    assert abbreviations(never_last=True) < abbreviations()
