"""Label Studio, doccano and Prodigy: out and in, whatever they do to offsets."""

import json

import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.json_lines import read_jsonl, write_jsonl
from dagbog_nlp.exchange.label_studio import read_label_studio, write_label_studio

PLACE = ["note_id", "start", "end", "code"]


def by_id(codings):
    return codings.sort_values("coding_id", ignore_index=True)


def test_label_studio_round_trip_with_predictions_and_annotations(tmp_path, notes, codings):
    tasks, config = write_label_studio(tmp_path / "opgaver.json", notes, codings, codebook=Codebook.load())
    found = json.loads(tasks.read_text("utf-8"))
    assert {p["model_version"] for task in found for p in task["predictions"]} == {"ordliste", "maskine"}
    assert {a["completed_by"]["email"] for task in found for a in task["annotations"]} == {"Anna", "Bo"}
    assert "\r" not in found[0]["data"]["text"]
    assert 'value="relationsarbejde/trøste"' in config.read_text("utf-8")
    back = read_label_studio(tasks, notes=notes)
    pd.testing.assert_frame_equal(by_id(back.codings), by_id(codings))
    assert back.exceptions.empty
    assert len(back.notes) == len(notes)


@pytest.mark.parametrize("unit", ["code points", "utf-16"])
def test_label_studio_versions_that_count_emoji_differently(tmp_path, unit):
    text = "Vi er glade 😀🙄 i dag, siger mor."
    start = text.index("siger")
    shift = 2 if unit == "utf-16" else 0
    region = {"start": start + shift, "end": start + shift + 5, "text": "siger", "labels": ["Dialog"]}
    task = {
        "id": 7,
        "data": {"text": text},
        "annotations": [{"completed_by": 3, "result": [{"value": region}]}],
    }
    path = tmp_path / "export.json"
    path.write_text(json.dumps([task]), "utf-8")
    row = read_label_studio(path, codebook=Codebook.load()).codings.iloc[0]
    assert row[["start", "end", "code", "coder"]].tolist() == [
        start,
        start + 5,
        "relationsarbejde/dialog",
        "3",
    ]


@pytest.mark.parametrize("tool", ["doccano", "prodigy"])
def test_jsonl_round_trip(tmp_path, notes, codings, tool):
    path = write_jsonl(tmp_path / "noter.jsonl", notes, codings, format=tool)
    back = read_jsonl(path, notes=notes, coder="Anna")
    expected = codings[PLACE].sort_values(PLACE, ignore_index=True)
    pd.testing.assert_frame_equal(back.codings[PLACE].sort_values(PLACE, ignore_index=True), expected)
    assert back.exceptions.empty
    alone = read_jsonl(path)
    assert alone.notes["note_id"].tolist() == notes["note_id"].tolist()
    if tool == "prodigy":
        assert sorted(back.codings["score"]) == sorted(codings["score"])


def test_exports_of_the_tools_themselves(tmp_path):
    lines = [
        {
            "id": 1,
            "text": "Mor græd.",
            "entities": [{"id": 1, "label": "Gråd", "start_offset": 4, "end_offset": 8}],
        },
        {"text": "Far kom.", "spans": [{"start": 0, "end": 3, "label": "Ny kode"}], "answer": "accept"},
        {"text": "Nej.", "spans": [], "answer": "reject", "meta": {"note_id": "N9"}},
        {"text": "Kort.", "label": [[2, 99, "x"], ["a", 3, "x"], [0, 2, None]]},
        "hemmelig",
    ]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n{hemmelig", "utf-8")
    found = read_jsonl(path, codebook=Codebook.load(), coder="Anna")
    assert found.codings[PLACE].values.tolist() == [
        ["1", 4, 8, "relationsarbejde/gråd"],
        ["2", 0, 3, "ny_kode"],
    ]
    assert found.exceptions["problem"].tolist() == [
        "the example was not accepted",
        "a position is no whole number, or the label is no text",
        "a position is no whole number, or the label is no text",
        "line 5 is no annotated text",
        "line 6 is no annotated text",
        "the positions lie outside the text",
    ]
    assert "hemmelig" not in found.exceptions.to_csv()


def test_files_of_something_else_are_refused(tmp_path, notes, codings):
    path = tmp_path / "x.json"
    for content, message in (("{}", "no list of tasks"), ("{hemmelig", "no JSON"), ("[" * 99_999, "no JSON")):
        path.write_text(content, "utf-8")
        with pytest.raises(ExchangeError, match=message) as caught:
            read_label_studio(path)
        assert "hemmelig" not in str(caught.value)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ExchangeError, match="UTF-8"):
        read_jsonl(path)
    with pytest.raises(ExchangeError, match="unknown format"):
        write_jsonl(path, notes, codings, format="csv")


def test_changed_and_unknown_notes_are_listed(tmp_path, notes, codings):
    path = write_jsonl(tmp_path / "noter.jsonl", notes, codings)
    other = notes.iloc[:2].assign(text=["Helt andet.", notes["text"].iloc[1]])
    problems = read_jsonl(path, notes=other).exceptions["problem"].value_counts().to_dict()
    assert problems == {"the note is not among the notes given": 2, "the words of the note have changed": 1}
