import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.keywords import KeywordCoder
from dagbog_nlp.errors import CodebookError
from dagbog_nlp.show.concordance import kwic, rule_table


@pytest.fixture
def notes():
    return pd.DataFrame(
        {
            "case_id": ["S1", "S1"],
            "note_id": ["N1", "N2"],
            "date": pd.to_datetime(["2024-03-01", None]),
            "text": ["Der er <b>kontakt</b>. Kontaktbogen er væk.", "Vi har god kontakt til far & mor."],
        }
    )


def test_kwic_finds_every_place_with_its_offsets(notes):
    found = kwic(notes, "kontakt*", width=8)
    assert found["form"].tolist() == ["kontakt", "kontaktbogen", "kontakt"]
    texts = notes.set_index("note_id")["text"]
    for line in found.itertuples():
        text = texts[line.note_id]
        assert text[line.start : line.end] == line.match
        assert line.left + line.match + line.right in text
        assert len(line.left) <= 8


@pytest.mark.parametrize(
    ("pattern", "count"), [("kontakt", 2), ("kontaktbogen!", 1), ("kontakt til", 1), ("gråd", 0)]
)
def test_kwic_reads_patterns_as_the_codebook_does(notes, pattern, count):
    assert len(kwic(notes, pattern)) == count


def test_kwic_takes_a_word_cut_short_only_before_a_full_stop(notes):
    notes["text"] = ["Barnet reag. meget.", "Barnet reag meget."]
    assert kwic(notes, "reagere")["note_id"].tolist() == ["N1"]


def test_kwic_in_a_notebook_escapes_the_text(notes):
    page = kwic(notes, "kontakt*")._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert kwic(notes, "kontakt*")[["form"]]._repr_html_()


def test_an_empty_pattern_is_refused(notes):
    with pytest.raises(CodebookError):
        kwic(notes, " ")


def test_rule_table_counts_hits_exclusions_and_conflicts():
    book = Codebook()
    book.add("a", words=["kontakt"], exclude=["kontakt til skolen"])
    book.add("b", words=["kontakt*"])
    book.add("c", words=["trøst"])
    sentences = pd.DataFrame(
        {"start": 0, "text": ["God kontakt.", "Kontakt til skolen."], "note_id": ["N1", "N2"]}
    )
    table = rule_table(KeywordCoder(book), sentences).set_index(["code", "role"])
    assert table.loc[("a", "words"), ["sentences", "coded", "conflicts"]].tolist() == [2, 1, 1]
    assert table.loc[("a", "exclude"), ["sentences", "coded", "notes"]].tolist() == [1, 1, 1]
    assert table.loc[("b", "words"), ["sentences", "coded", "conflicts"]].tolist() == [2, 2, 1]
    assert table.loc[("c", "words"), "sentences"] == 0
