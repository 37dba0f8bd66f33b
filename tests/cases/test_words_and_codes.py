import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dagbog_nlp.cases.cooccurrence import codes_by, cooccurrence
from dagbog_nlp.cases.keyness import keyness
from dagbog_nlp.errors import InputError


def make(texts, groups, focus=None):
    case_ids = [f"S{i:02d}" for i in range(len(texts))]
    notes = pd.DataFrame({"case_id": case_ids, "note_id": [f"{c}-1" for c in case_ids], "text": texts})
    notes["date"] = pd.Timestamp("2024-01-01")
    if focus is not None:
        notes["focus"] = focus
    return notes, pd.DataFrame({"case_id": case_ids, "goal_attainment": groups})


TEXTS = (
    ["mor finder tillid"] * 9 + ["far henter dreng"] * 1 + ["far henter dreng"] * 9 + ["mor finder tillid"]
)
GROUPS = ["i mål"] * 10 + ["på vej"] * 10


def test_a_word_of_one_group_is_key_and_tested_as_scipy_does():
    found = keyness(*make(TEXTS, GROUPS)).set_index(["group", "term"])
    row = found.loc[("i mål", "tillid")]
    assert row[["cases_in", "of_in", "cases_out", "of_out"]].tolist() == [9, 10, 1, 10]
    assert row["p"] == pytest.approx(stats.fisher_exact([[9, 1], [1, 9]])[1])
    assert row["log_ratio"] > 2 and row["low"] > 0
    assert found["p_adjusted"].to_numpy() == pytest.approx(stats.false_discovery_control(found["p"]))


def test_one_talkative_case_does_not_decide():
    texts = ["kedelig " * 400, *["vi ser dreng"] * 19]
    texts[10] = texts[11] = texts[12] = texts[13] = "kedelig dag"
    row = keyness(*make(texts, GROUPS)).set_index(["group", "term"]).loc[("i mål", "kedelig")]
    assert row["p"] > 0.05 and row["dispersion"] > 0.1


def test_dispersion_of_an_even_word_is_zero():
    found = keyness(*make(["mor taler"] * 20, GROUPS)).set_index(["group", "term"])
    assert found.loc[("i mål", "mor"), "dispersion"] == pytest.approx(0)
    assert found.loc[("i mål", "mor"), "log_ratio"] == pytest.approx(0)


def test_words_of_few_cases_are_left_out():
    texts = list(TEXTS)
    texts[0] += " Valdemar"
    assert "valdemar" not in set(keyness(*make(texts, GROUPS))["term"])
    with pytest.raises(InputError, match="min_cases"):
        keyness(*make([chr(97 + i) * 4 for i in range(20)], GROUPS))


def test_words_come_in_their_dictionary_form_unless_asked_otherwise():
    texts = ["drengene leger"] * 10 + ["drengen leger"] * 10
    assert "drengene" not in set(keyness(*make(texts, GROUPS))["term"])
    assert "drengene" in set(keyness(*make(texts, GROUPS), lemmatise=False)["term"])


def test_codes_and_pairs_of_codes_can_be_key():
    notes, cases = make(TEXTS, GROUPS)
    codings = pd.DataFrame(
        [(c, f"{c}-1", 0, 3, code) for c in notes["case_id"][:8] for code in ("a", "b/c")],
        columns=["case_id", "note_id", "start", "end", "code"],
    )
    found = keyness(notes, cases, codings=codings).set_index(["group", "term"])
    assert found.loc[("i mål", "a + b"), ["cases_in", "cases_out"]].tolist() == [8, 0]
    assert "b + b/c" not in found.index.get_level_values("term")


def test_one_group_is_no_comparison():
    with pytest.raises(InputError, match="two groups"):
        keyness(*make(["mor"] * 6, ["i mål"] * 6))


NOTES, _ = make(["Mor ringer. Far kommer."] * 8, ["i mål"] * 8, focus=["Netværk", "Samvær"] * 4)


def codings_of(*rows):
    return pd.DataFrame(
        [(f"S{case:02d}", f"S{case:02d}-1", start, start + 5, code) for case, start, code in rows],
        columns=["case_id", "note_id", "start", "end", "code"],
    )


def test_cooccurrence_in_sentence_note_and_case():
    codings = codings_of((0, 0, "a"), (0, 0, "b"), (1, 0, "a"), (1, 12, "b"), (2, 0, "a"))
    sentence = cooccurrence(codings, NOTES, unit="sentence").iloc[0]
    assert sentence[["both", "a", "b", "units"]].tolist() == [1, 3, 2, 16]
    note = cooccurrence(codings, NOTES, unit="note").iloc[0]
    assert note[["both", "units"]].tolist() == [2, 8]
    assert note["lift"] == pytest.approx(2 * 8 / (3 * 2)) and note["low"] <= note["lift"] <= note["high"]
    assert note["jaccard"] == pytest.approx(2 / 3)


def test_a_code_is_not_paired_with_its_subcode():
    pairs = cooccurrence(codings_of((0, 0, "a/x"), (0, 0, "b")), NOTES)
    assert sorted(zip(pairs["code_a"], pairs["code_b"], strict=True)) == [("a", "b"), ("a/x", "b")]


def test_codes_by_heading_finds_the_heading():
    notes = pd.concat(
        [
            NOTES.assign(note_id=NOTES["note_id"] + str(i), focus=f)
            for i, f in enumerate(["Netværk", "Samvær"])
        ]
    )
    rows = [(c, f"{c}-10", 0, 5, "a") for c in NOTES["case_id"]]
    codings = pd.DataFrame(rows, columns=["case_id", "note_id", "start", "end", "code"])
    found = codes_by(codings, notes.reset_index(drop=True)).set_index("group")
    assert found.loc["Netværk", "share"] == 1 and found.loc["Samvær", "share"] == 0
    assert found["p"].iloc[0] < 0.02
    shuffled = codings.assign(note_id=[f"{c}-1{i % 2}" for i, c in enumerate(codings["case_id"])])
    assert codes_by(shuffled, notes.reset_index(drop=True))["p"].iloc[0] > 0.2


def test_codes_by_team_permutes_whole_cases():
    notes = NOTES.assign(team=["x"] * 4 + ["y"] * 4)
    found = codes_by(codings_of(*[(i, 0, "a") for i in range(4)]), notes, "team")
    assert found["p"].iloc[0] == pytest.approx(2 / 70, abs=0.02)
    assert np.isfinite(found[["low", "high"]].to_numpy()).all()
    with pytest.raises(InputError, match="lack"):
        codes_by(codings_of((0, 0, "a")), NOTES, "findes_ikke")
