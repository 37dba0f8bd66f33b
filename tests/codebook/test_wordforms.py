import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagbog_nlp.codebook.rules import RuleTable
from dagbog_nlp.codebook.wordforms import WordForms, fold, inflect, normalise
from dagbog_nlp.errors import CodebookError

words = st.text(alphabet="abdefghijklmnoprstuvyæøå", min_size=2, max_size=14)


@settings(max_examples=100, deadline=None)
@given(words)
def test_every_form_matches_its_entry_in_every_spelling(word):
    forms = WordForms([word])
    for form in inflect(word):
        for spelling in (form, form.upper(), form.replace("å", "a\u030a"), form.replace("æ", "ae")):
            assert forms.match(spelling)[0].entry == word


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_any_text_can_be_looked_up(text):
    assert fold(fold(text)) == fold(text)
    assert normalise(normalise(text)) == normalise(text)
    WordForms(["trøste", "*kontakt", "mor!"]).match(text)


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("trøstede", "form"),
        ("forældrekontakt", "compound"),
        ("kontakn", "misspelling"),
        ("kontak", "misspelling"),
    ],
)
def test_a_match_says_why(word, kind):
    assert WordForms(["trøste", "kontakt"]).match(word)[0].kind == kind


def test_strict_forms_take_neither_compounds_nor_misspellings():
    strict = WordForms(["kontakt"], lenient=False)
    assert strict.match("kontakten")
    assert not strict.match("forældrekontakt")
    assert not strict.match("kontakn")


@pytest.mark.parametrize("rule", ["", "...", "... ord", "ord ...", "@ukendt ord"])
def test_a_rule_that_cannot_match_is_refused(rule):
    with pytest.raises(CodebookError):
        RuleTable({}).rule(rule, "kode")
