"""The shipped encoder: reproducible, independent of its company, sensible on plain sentences."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagbog_nlp.coding.encoder import CONTEXT_FILE, ENCODER_FILE, SentenceEncoder
from dagbog_nlp.errors import ModelError

MODEL = Path(__file__).parents[2] / "models" / "familiecenter"

NOTE = [
    "Jeg ringer på kl. 10 som aftalt.",
    "Ingen åbner, og mor tager ikke telefonen.",
    "Hun skriver senere, at hun ikke magter at se mig i denne uge.",
    "Jeg er i tvivl om, hvorvidt vi går for hurtigt frem.",
    "Vi spiste rugbrød.",
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder.load(MODEL, threads=1)


def frame(texts, note_id="a", focus="Familieforhold"):
    return pd.DataFrame({"note_id": note_id, "focus": focus, "start": range(len(texts)), "text": texts})


def test_labels_are_code_paths(encoder):
    assert {"negativ_alliance", "negativ_alliance/alliancebrud", "indsatsjustering/problem"} <= set(
        encoder.labels
    )
    assert len(set(encoder.labels)) == len(encoder.labels)


def test_shapes_and_empty_input(encoder):
    output = encoder.encode(frame(NOTE))
    assert output.vectors.shape == (5, 384)
    assert output.vectors.dtype == np.float32
    assert output.logits.shape == (5, len(encoder.labels))
    assert encoder.encode(frame([])).logits.shape == (0, len(encoder.labels))


def test_a_note_is_coded_the_same_in_any_company(encoder):
    alone = encoder.encode(frame(NOTE))
    others = [frame([f"{text} {number}" for text in NOTE * 3], note_id=f"b{number}") for number in range(20)]
    crowd = encoder.encode(pd.concat([*others[:10], frame(NOTE), *others[10:]], ignore_index=True))
    np.testing.assert_allclose(crowd.vectors[150:155], alone.vectors, atol=1e-4)
    np.testing.assert_allclose(crowd.logits[150:155], alone.logits, atol=1e-3)


def test_the_vector_is_the_sentence_alone_and_the_log_odds_see_the_note(encoder):
    whole = encoder.encode(frame(NOTE))
    single = encoder.encode(frame(NOTE[2:3]))
    np.testing.assert_allclose(whole.vectors[2:3], single.vectors, atol=1e-4)
    assert np.abs(whole.logits[2] - single.logits[0]).max() > 1e-3


def test_order_of_notes_does_not_matter(encoder):
    first, second = frame(NOTE, note_id="a"), frame(NOTE[::-1], note_id="b")
    one = encoder.encode(pd.concat([first, second], ignore_index=True)).logits
    other = encoder.encode(pd.concat([second, first], ignore_index=True)).logits
    np.testing.assert_allclose(one[:5], other[5:], atol=1e-3)


def test_plain_sentences_get_their_codes(encoder):
    logits = pd.DataFrame(encoder.encode(frame(NOTE)).logits, columns=encoder.labels)
    assert logits["professionel_tvivl"].idxmax() == 3
    assert logits["negativ_alliance"].idxmax() in {1, 2}
    assert logits.loc[4, ["negativ_alliance", "positiv_alliance", "professionel_tvivl"]].max() < 0


def test_heading_may_be_missing_or_unknown(encoder):
    without = encoder.encode(frame(NOTE).drop(columns="focus"))
    unknown = encoder.encode(frame(NOTE, focus="Noget helt andet"))
    np.testing.assert_array_equal(without.logits, unknown.logits)


def test_odd_text_does_no_harm(encoder):
    output = encoder.encode(frame(["", " ", "😀" * 300, "ord " * 2000, "字", "x"]))
    assert np.isfinite(output.logits).all()


def test_danish_letters_are_known(encoder):
    tokenizer = json.loads((MODEL / "tokenizer.json").read_text("utf-8"))
    pieces = {piece for piece, _ in tokenizer["model"]["vocab"]}
    assert set("abcdefghijklmnopqrstuvwxyzæøåéü0123456789.,;:!?()/\"'§%&-") <= pieces


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=ENCODER_FILE):
        SentenceEncoder.load(tmp_path)
    (tmp_path / ENCODER_FILE).write_bytes(b"no graph")
    (tmp_path / CONTEXT_FILE).write_bytes(b"no graph")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match="cannot be read"):
        SentenceEncoder.load(tmp_path)
