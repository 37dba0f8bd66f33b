"""No message, log, table or model file holds the text of a note."""

import logging
import warnings

import pandas as pd
import pytest

import dagbog_nlp as dn
from dagbog_nlp.errors import DagbogError
from dagbog_nlp.notes.stream import scan_notes

SECRET = "Hemmeligheden om Tusnelda"


def notes(**changes):
    frame = pd.DataFrame(
        {
            "case_id": ["A", "A"],
            "note_id": ["1", "2"],
            "date": ["2024-01-01", "2024-01-02"],
            "text": [SECRET, SECRET],
        }
    )
    return frame.assign(**changes)


@pytest.mark.parametrize(
    "broken",
    [
        notes(note_id="1"),
        notes(case_id=""),
        notes(date="31-02-2024"),
        notes(text=[SECRET, 7]),
        notes().rename(columns={"note_id": "nr"}),
        pd.concat([notes(), notes()], axis=1),
    ],
)
def test_errors_hold_no_text(broken):
    with pytest.raises(DagbogError) as caught:
        dn.read_notes(broken)
    message = str(caught.value)
    causes = caught.value.__cause__ or caught.value.__context__
    for word in SECRET.split():
        assert word not in message
        assert causes is None or word not in str(causes)


@pytest.mark.parametrize("columns", [None, {"Notat": "text"}])
def test_a_file_without_headings_does_not_show_its_first_note(tmp_path, columns):
    (tmp_path / "n.csv").write_text(
        f"A;1;2024-01-01;{SECRET} fortalte mor i dag, og far var der også.\n", "utf-8"
    )
    for read in (dn.read_notes, scan_notes):
        with pytest.raises(DagbogError) as caught:
            read(tmp_path / "n.csv", columns=columns)
        assert "column 4" in str(caught.value)
        assert "Tusnelda" not in str(caught.value)


def test_logs_and_warnings_hold_no_text(caplog, capsys, fast_coder):
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = notes(date=pd.to_datetime(["2024-01-01", "2024-01-02"]))
        codings = fast_coder.code(table, progress=True)
        dn.profile_cases(codings, table)
        repr(fast_coder.explain(table.iloc[0], "professionel_tvivl"))
    printed = capsys.readouterr()
    seen = caplog.text + printed.out + printed.err + "".join(str(item.message) for item in caught)
    assert "Tusnelda" not in seen
    assert not codings.astype(str).apply(lambda column: column.str.contains("Tusnelda")).any().any()
