"""Projects of other programs, and files that lie: positions, codes and clear refusals."""

import io
import zipfile

import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.positions import (
    NVIVO,
    READINGS,
    STANDARD,
    SourceText,
    choose_reading,
    locate,
    offsets,
)
from dagbog_nlp.exchange.qdpx_read import read_qdpx

TEXT = "Mor er glad 😀 i dag.\nFar råber 🙄 højt ad os.\nBarnet leger stille 🧸 imens."
PASSAGES = ["Mor er glad", "Far råber", "højt ad os", "Barnet leger", "imens"]


def coded(reading, *, bom=False, crlf=True, quotes=False):
    raw = TEXT.replace("\n", "\r\n") if crlf else TEXT
    table = offsets(raw, reading, bom=bom)
    spans = []
    for passage in PASSAGES:
        start = raw.index(passage)
        end = int(table[start + len(passage)]) - reading.inclusive
        spans.append((int(table[start]), end, passage if quotes else ""))
    return (b"\xef\xbb\xbf" if bom else b"") + raw.encode(), spans


def passages(project):
    texts = project.notes.set_index("note_id")["text"]
    rows = project.codings[["note_id", "start", "end"]].itertuples(index=False)
    return [texts[note][start:end] for note, start, end in rows]


@pytest.mark.parametrize("origin", ["NVivo for Windows", "et nyt program"])
def test_utf16_positions_of_nvivo_are_read_right(foreign, origin):
    data, spans = coded(NVIVO, bom=True)
    project = read_qdpx(foreign(origin, [("Notat 1", data, spans)]))
    assert passages(project) == PASSAGES
    assert project.reading == NVIVO
    assert project.notes["text"].tolist() == [TEXT]


@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_every_way_of_counting_is_recognised_by_its_quotes(foreign, reading):
    data, spans = coded(reading, bom=True, quotes=True)
    assert passages(read_qdpx(foreign("ukendt", [("N", data, spans)]))) == PASSAGES


def test_a_program_that_changed_its_habit_is_caught_by_the_word_boundaries(foreign):
    data, spans = coded(STANDARD, bom=True)
    assert passages(read_qdpx(foreign("NVivo for Windows", [("N", data, spans)]))) == PASSAGES


def test_refuses_when_it_cannot_tell_and_can_be_told(foreign):
    path = foreign("ukendt", [("N", "😀abcdefg".encode(), [(3, 5, "")])])
    with pytest.raises(ExchangeError, match="none is clearly right") as caught:
        read_qdpx(path)
    assert "positions=" in str(caught.value)
    assert read_qdpx(path, positions="utf-16").codings["start"].tolist() == [2]


def test_impossible_positions_are_none_of_the_text():
    source = SourceText("😀a", starts=[1, 0], ends=[3, 9])
    starts, ends = locate(source, NVIVO)
    assert starts.tolist() == [-1, 0]
    assert ends.tolist() == [2, -1]
    assert choose_reading([SourceText("abc def", starts=[4], ends=[7])], None) == STANDARD


def test_code_names_find_their_paths_in_the_codebook(foreign):
    codes = (
        '<Code guid="F0000000-0000-0000-0000-000000000001" name="Negative alliancebeskrivelser"'
        ' isCodable="false"><Code guid="A0000000-0000-0000-0000-000000000001" name="udtrykker VREDE"'
        ' isCodable="true" color="#f00"/>'
        "</Code>"
    )
    data, spans = coded(NVIVO, bom=True)
    path = foreign("NVivo", [("N", data, spans)], codes=codes)
    known = read_qdpx(path, codebook=Codebook.load())
    assert set(known.codings["code"]) == {"negativ_alliance/udtrykker_vrede"}
    alone = read_qdpx(path)
    assert set(alone.codings["code"]) == {"negative_alliancebeskrivelser/udtrykker_vrede"}
    assert alone.codebook["negative_alliancebeskrivelser/udtrykker_vrede"].colour == "#FF0000"
    assert set(alone.codings["coder"]) == {"Anna"}


def test_what_is_wrong_with_one_part_is_listed_and_the_rest_is_read(foreign):
    data, spans = coded(STANDARD, crlf=False, quotes=True)
    path = foreign(
        "QualCoder",
        [("N", data, [*spans, (5000, 5010, "")]), ("latin", "få".encode("latin-1"), [])],
        extra="",
    )
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    xml = members["project.qde"].decode()
    xml = xml.replace(
        "</Sources>",
        '<PDFSource guid="C1000000-0000-0000-0000-000000000001" name="brev.pdf"/>'
        '<TextSource guid="C2000000-0000-0000-0000-000000000001" name="ude" plainTextPath="internal://../../etc/passwd"/>'
        "</Sources>",
    )
    xml = xml.replace('targetGUID="a0000000', 'targetGUID="99999999', 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (members | {"project.qde": xml.encode()}).items():
            archive.writestr(name, content)

    project = read_qdpx(path)
    assert passages(project) == PASSAGES[1:]
    problems = project.exceptions.groupby("note_id")["problem"].agg(list).to_dict()
    assert problems == {
        "N": ["the code of the coding is missing", "the positions lie outside the text"],
        "brev.pdf": ["a PDFSource is not read, only texts are"],
        "latin": ["the text is not UTF-8"],
        "ude": ["the text is not in the file"],
    }
    assert "Mor" not in project.exceptions.to_csv()


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE p [<!ENTITY a "hemmelig"><!ENTITY b "&a;&a;&a;">]>'
    '<Project xmlns="urn:QDA-XML:project:1.0" name="&b;"/>'
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"hemmelig tekst", "not a readable zip"),
        (b"", "not a readable zip"),
        (zipped(andet="x"), "0 project files"),
        (zipped(project__qde="<hemmelig"), "XML is broken"),
        (zipped(project__qde='<Project xmlns="urn:andet"/>'), "no REFI-QDA document"),
        (zipped(project__qde='<CodeBook xmlns="urn:QDA-XML:codebook:1.0"/>'), "no REFI-QDA document"),
        (zipped(project__qde=BOMB), "never hold"),
        (zipped(project__qde=b"0" * 2**25), "zip bomb"),
        (zipped(project__qde="<a/>")[:-30], "not a readable zip"),
        (
            zipped(project__qde="<Project/>").replace(b"<Project", b"<Projekt"),
            "damaged|not a readable|no REFI",
        ),
    ],
    ids=[
        "plain text",
        "empty",
        "no project",
        "broken XML",
        "other namespace",
        "codebook",
        "entities",
        "zip bomb",
        "cut off",
        "changed bytes",
    ],
)
def test_files_that_are_no_projects_are_refused_in_words(tmp_path, data, message):
    path = tmp_path / "fil.qdpx"
    path.write_bytes(data)
    with pytest.raises(ExchangeError, match=message) as caught:
        read_qdpx(path)
    assert "hemmelig" not in str(caught.value)
    assert "fil.qdpx" in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(ExchangeError, match=r"aar\.qdpx"):
        read_qdpx(tmp_path / "aar.qdpx")


def test_notes_that_changed_or_are_unknown_are_exceptions(foreign):
    data, spans = coded(STANDARD, crlf=False, quotes=True)
    path = foreign("QualCoder", [("N1", data, spans), ("N2", data, spans), ("N3", data, spans)])
    texts = {"N1": TEXT.replace("\n", "\r\n"), "N2": TEXT + " Nyt."}
    sent = pd.DataFrame([{"case_id": "S", "note_id": n, "date": pd.NaT, "text": t} for n, t in texts.items()])
    project = read_qdpx(path, notes=sent)
    assert passages(project) == PASSAGES
    assert project.exceptions[["problem", "note_id"]].values.tolist() == [
        ["the words of the note have changed", "N2"],
        ["the note is not among the notes given", "N3"],
    ]


def test_note_level_codes_unnamed_cases_and_human_memos(tmp_path):
    """What MAXQDA, Quirkos and NVivo write differently, in one file."""
    guid = "{}0000000-0000-0000-0000-00000000000{}".format
    xml = f"""<Project xmlns="urn:QDA-XML:project:1.0" name="P" origin="MAXQDA">
    <Users><User guid="{guid("B", 1)}" name="Anna"/></Users>
    <CodeBook><Codes><Code guid="{guid("A", 1)}" name="Tvivl" isCodable="true"/>
    <Code guid="{guid("F", 2)}" name="Sag 7" isCodable="true"/></Codes></CodeBook>
    <Variables><Variable guid="{guid("E", 1)}" name="Cases:Age group" typeOfVariable="Integer"/>
    <Variable guid="{guid("E", 2)}" name="Ugedag" typeOfVariable="Text"/></Variables>
    <Cases><Case guid="{guid("F", 1)}"><VariableValue><VariableRef targetGUID="{guid("E", 2)}"/>
    <TextValue>onsdag</TextValue></VariableValue><SourceRef targetGUID="{guid("C", 1)}"/></Case>
    <Case guid="{guid("F", 2)}" name="S7"><VariableValue><VariableRef targetGUID="{guid("E", 1)}"/>
    <IntegerValue>12</IntegerValue></VariableValue></Case></Cases>
    <Sources><TextSource guid="{guid("C", 1)}" name="N1" creatingUser="{guid("B", 1)}">
    <PlainTextContent>Er planen god nok?</PlainTextContent>
    <PlainTextSelection guid="{guid("D", 1)}" startPosition="3" endPosition="9">
    <Description>Vigtigt.</Description><Coding guid="{guid("D", 2)}" creatingUser="{guid("B", 1)}">
    <CodeRef targetGUID="{guid("A", 1)}"/></Coding>
    </PlainTextSelection>
    <Coding guid="{guid("D", 3)}"><CodeRef targetGUID="{guid("A", 1)}"/></Coding>
    <Coding guid="{guid("D", 4)}"><CodeRef targetGUID="{guid("F", 2)}"/></Coding>
    </TextSource></Sources></Project>"""
    path = tmp_path / "andre.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("andre.qde", xml)
    project = read_qdpx(path)
    found = project.codings[["case_id", "start", "end", "code", "coder"]].values.tolist()
    assert found == [["S7", 3, 9, "tvivl", "Anna"], ["S7", 0, 18, "tvivl", "Anna"]]
    assert project.codings["comment"].fillna("").tolist() == ["Vigtigt.", ""]
    assert project.notes["Ugedag"].tolist() == ["onsdag"]
    assert project.cases.to_dict("records") == [{"case_id": "S7", "Age group": 12}]
    assert project.codebook.paths == ["tvivl"]
    assert project.exceptions.empty
