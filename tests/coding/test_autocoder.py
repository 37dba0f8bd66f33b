"""The autocoder on text as it comes: offsets, ids, order, odd characters, no text in tables."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

import dagbog_nlp as dn
from dagbog_nlp.errors import CodebookError, InputError
from dagbog_nlp.tables import CODINGS

NOTE = "Mor melder afbud pr. sms. Drengen græder, og mor trøster ham."


@pytest.fixture(scope="module")
def notes(corpus):
    return corpus.notes.head(40)


@pytest.fixture(scope="module")
def codings(fast_coder, notes):
    return fast_coder.code(notes)


def test_one_text(fast_coder):
    codings = fast_coder.code(NOTE)
    assert {"relationsarbejde/gråd", "relationsarbejde/trøste"} <= set(codings["code"])
    assert "negativ_alliance/aflyser_aftale" in set(codings["code"])


def test_the_codings_keep_the_contract(codings, notes):
    assert list(codings.columns) == list(CODINGS)
    assert {name: str(dtype) for name, dtype in codings.dtypes.items()} == CODINGS
    assert codings["coding_id"].is_unique
    assert codings["score"].between(0, 1).all()
    length = codings["note_id"].map(notes.set_index("note_id")["text"].str.len())
    assert ((codings["start"] >= 0) & (codings["start"] < codings["end"]) & (codings["end"] <= length)).all()
    cued = codings.dropna(subset=["cue_start"])
    assert ((cued["cue_start"] >= cued["start"]) & (cued["cue_end"] <= cued["end"])).all()
    assert len(cued) > 0.9 * len(codings)


def test_the_same_input_gives_the_same_codings(fast_coder, codings, notes):
    pd.testing.assert_frame_equal(fast_coder.code(notes), codings)
    pd.testing.assert_frame_equal(pickle.loads(pickle.dumps(fast_coder)).code(notes), codings)


def test_a_note_is_coded_alike_alone_and_among_others(fast_coder, codings, notes):
    note = notes.iloc[[7]]
    alone = fast_coder.code(note)
    among = codings[codings["note_id"] == note["note_id"].iloc[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, among)


def test_processes_give_the_same_rows_in_the_same_order(fast_coder, corpus, monkeypatch):
    monkeypatch.setattr("dagbog_nlp.coding.autocoder.CHUNK", 40)
    some = corpus.notes.head(100)
    pd.testing.assert_frame_equal(fast_coder.code(some, n_jobs=2), fast_coder.code(some))


def test_no_column_holds_text(codings, notes):
    words = {word for text in notes["text"] for word in text.split() if len(word) > 8}
    values = {str(value) for name in codings for value in codings[name].unique()}
    assert not words & values


def test_scores_agree_with_codings(fast_coder, codings, notes):
    scores = fast_coder.score(notes)
    assert list(scores.columns[:4]) == ["case_id", "note_id", "start", "end"]
    assert scores.iloc[:, 4:].to_numpy().min() >= 0
    assert scores.iloc[:, 4:].to_numpy().max() <= 1
    tidy = scores.melt(["case_id", "note_id", "start", "end"], var_name="code", value_name="again")
    both = codings.merge(tidy, on=["note_id", "start", "end", "code"])
    assert len(both) == len(codings)
    np.testing.assert_allclose(both["score"], both["again"])
    unsure = fast_coder.unsure(scores)
    assert unsure["score"].between(0.2, 0.8).all()
    assert (unsure["score"] - 0.5).abs().is_monotonic_increasing


@pytest.mark.parametrize("text", ["", "   \n\t ", "...", "\x00", "🙂", "\u202e", "a" * 5000])
def test_odd_texts(fast_coder, text):
    codings = fast_coder.code(text)
    assert list(codings.columns) == list(CODINGS)
    assert (codings["end"] <= len(text)).all()


def test_a_very_long_note(fast_coder):
    text = (NOTE + " \u200f🙂 e\u0301 ") * 4500
    assert len(text) > 300_000
    codings = fast_coder.code(text)
    cries = codings[codings["code"] == "relationsarbejde/gråd"]
    assert len(cries) == 4500
    assert {text[start:end] for start, end in zip(cries["cue_start"], cries["cue_end"], strict=True)} == {
        "græder"
    }


KEYWORDS = dn.Autocoder(dn.Codebook.load())


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_coded_within_its_bounds(text):
    codings = KEYWORDS.code(text)
    assert (codings["start"] >= 0).all()
    assert (codings["end"] <= len(text)).all()


def test_an_analysts_own_autocoder():
    coder = dn.Autocoder(dn.Codebook.load())
    assert coder.code("Hun virker tryg.").empty
    coder.codebook.add("relationsarbejde/tryghed", words=["tryg*"], exclude=["trygdeydelse"])
    assert coder.code("Hun virker tryg.")["code"].tolist() == ["relationsarbejde/tryghed"]
    assert coder.code("Hun søger trygdeydelse.").empty


def test_wrong_input_is_refused(fast_coder, notes):
    with pytest.raises(InputError, match="cannot code a int"):
        fast_coder.code(3)
    with pytest.raises(InputError, match="note_id occurs twice"):
        fast_coder.code(pd.concat([notes, notes]))
    with pytest.raises(InputError, match="explain takes one note"):
        fast_coder.explain(notes, "professionel_tvivl")
    with pytest.raises(CodebookError, match="no code sludder"):
        fast_coder.explain(NOTE, "sludder")
    with pytest.raises(InputError, match="no tier slow"):
        dn.load(tier="slow")
    assert fast_coder.code(notes.head(0)).empty


def test_explain(fast_coder):
    why = fast_coder.explain(NOTE, "negativ_alliance/aflyser_aftale")
    assert why.sentences["coded"].tolist() == [True, False]
    strongest = why.words.loc[why.words["weight"].idxmax()]
    assert NOTE[int(strongest["start"]) : int(strongest["end"])] == "afbud"
    assert "afbud" in why._repr_html_()
    rule = fast_coder.explain(NOTE, "relationsarbejde/gråd")
    assert rule.sentences["rule_id"].notna().tolist() == [False, True]
    escaped = fast_coder.explain("<script>alert(1)</script> mor græder", "relationsarbejde/gråd")
    assert "<script>" not in escaped._repr_html_()


def test_spacy_component(fast_coder):
    nlp = spacy.blank("da")
    nlp.add_pipe("dagbog_autocoder")
    doc = nlp(NOTE)
    expected = fast_coder.code(NOTE)
    assert [span.label_ for span in doc.spans["dagbog"]] == expected["code"].tolist()
    pd.testing.assert_frame_equal(doc.user_data["dagbog"], expected)


def test_importing_the_package_is_light():
    code = "import sys, dagbog_nlp; sys.exit(any(m in sys.modules for m in ('spacy', 'pandas', 'torch', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
