"""Notes and codings out as a REFI-QDA project and back: nothing lost, valid, readable by others."""

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from pyrefiqda import RefiProject

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError, InputError
from dagbog_nlp.exchange.qdpx_read import read_qdpx
from dagbog_nlp.exchange.qdpx_write import write_qdpx
from dagbog_nlp.exchange.source_text import TARGETS
from dagbog_nlp.tables import CODINGS, check_codings, check_notes, empty

NS = {"q": "urn:QDA-XML:project:1.0"}
SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).parent / "schemas" / "Project.xsd")))
ALPHABET = st.sampled_from(
    [
        "a",
        "å",
        "å",
        "æ",
        " ",
        ".",
        "😀",
        "👩‍👧",
        "\r\n",
        "\n",
        "\r",
        "&",
        "<",
        '"',
        "\t",
        "\x00",
        "\u2028",
        "\ufeff",
        "ﬁ",
    ]
)


def xml_of(path: Path) -> etree._Element:
    return etree.fromstring(zipfile.ZipFile(path).read("project.qde"))


def by_id(codings: pd.DataFrame) -> pd.DataFrame:
    return codings.sort_values("coding_id", ignore_index=True)


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_written_is_read_back_and_is_valid(tmp_path, notes, codings, cases, target):
    book = Codebook.load()
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings, cases, codebook=book, target=target)

    SCHEMA.assertValid(xml_of(path))
    project = read_qdpx(path)
    pd.testing.assert_frame_equal(by_id(project.codings), by_id(codings))
    pd.testing.assert_frame_equal(project.notes, notes, check_dtype=False)
    pd.testing.assert_frame_equal(project.cases[list(cases)], cases)
    assert project.codebook.codes == book.codes
    assert project.exceptions.empty


@pytest.mark.parametrize("target", TARGETS)
def test_every_export_of_annotated_notes_is_valid_and_complete(tmp_path, corpus, target):
    path = tmp_path / "aar.qdpx"
    options = {"codebook": Codebook.load(), "target": target, "split": "month"}
    parts = write_qdpx(path, corpus.notes, corpus.codings, corpus.cases, **options)

    for part in parts:
        SCHEMA.assertValid(xml_of(part))
    back = pd.concat([read_qdpx(part).codings for part in parts])
    assert sorted(back["coding_id"]) == sorted(corpus.codings["coding_id"])


@st.composite
def coded_texts(draw):
    text = "".join(draw(st.lists(ALPHABET, max_size=30)))
    places = [i for i in range(len(text) + 1) if text[max(i - 1, 0) : i + 1] != "\r\n"]
    places = [i for i in places if i >= len(text) - len(text.lstrip("\ufeff"))]
    spans = draw(
        st.lists(st.tuples(st.sampled_from(places), st.sampled_from(places)).map(sorted), max_size=4)
    )
    return text, [tuple(span) for span in spans]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.lists(coded_texts(), min_size=1, max_size=3), target=st.sampled_from(sorted(TARGETS)))
def test_any_text_and_span_survive(tmp_path, drawn, target):
    rows = [
        {"case_id": "S", "note_id": f"N{i}", "date": None, "text": text} for i, (text, _) in enumerate(drawn)
    ]
    notes = check_notes(pd.DataFrame(rows))
    spans = [(f"N{i}", *span) for i, (_, spans) in enumerate(drawn) for span in spans]
    frame = pd.DataFrame(sorted(set(spans)), columns=["note_id", "start", "end"])
    frame = frame.assign(case_id="S", code="a/b").astype({"start": "int64", "end": "int64"})
    codings = check_codings(frame, notes) if len(frame) else empty(CODINGS)
    [path] = write_qdpx(tmp_path / "x.qdpx", notes, codings, target=target)

    SCHEMA.assertValid(xml_of(path))
    for project in (read_qdpx(path), read_qdpx(path, notes=notes)):
        assert project.notes["text"].tolist() == notes["text"].tolist()
        assert by_id(project.codings)["coding_id"].tolist() == by_id(codings)["coding_id"].tolist()


@pytest.mark.parametrize(
    "options", [{"portable": True}, {"newlines": "space"}, {"portable": True, "newlines": "space"}]
)
def test_lossy_modes_come_back_on_the_notes_that_were_sent(tmp_path, notes, codings, options):
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings, **options)
    source = b"".join(
        zipfile.ZipFile(path).read(n) for n in zipfile.ZipFile(path).namelist() if n.endswith("txt")
    )
    shown = source.decode("utf-8")

    assert ("😢" in shown) is not options.get("portable", False)
    assert ("\n" in shown) is (options.get("newlines") != "space")
    pd.testing.assert_frame_equal(by_id(read_qdpx(path, notes=notes).codings), by_id(codings))


def test_an_independent_reader_finds_the_same_passages(tmp_path, notes, codings):
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings)
    project = RefiProject.load(path, extract_dir=tmp_path / "ud")

    found = set()
    for source in project.sources.text_source:
        text = (
            RefiProject.resolve_source_path(source.plain_text_path, tmp_path / "ud")
            .read_bytes()
            .decode("utf-8")
        )
        for selection in source.plain_text_selection:
            found.add(text[int(selection.start_position) : int(selection.end_position)])
    assert "Far trøster hende." in found
    assert "De vil gerne have mere hjælp." in found
    assert "Han er vred på undertegnede 🙄 & <systemet>." in found
    assert len(found) == 4


def test_traps_of_other_programs_are_avoided(tmp_path, notes, codings, cases):
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings, cases, codebook=Codebook.load())
    xml = xml_of(path)

    for selection in xml.iterfind(".//q:PlainTextSelection", NS):
        owners = {coding.get("creatingUser") for coding in selection.iterfind("q:Coding", NS)}
        assert owners == {selection.get("creatingUser")}
        assert selection.get("creationDateTime").endswith("Z")
    assert not xml.findall(".//q:TextSource/q:Coding", NS)
    assert not xml.findall(".//q:PlainTextContent", NS)
    names = [code.get("name").casefold() for code in xml.iterfind(".//q:Code", NS)]
    assert len(set(names)) == len(names)
    sources = [source.get("name") for source in xml.iterfind(".//q:TextSource", NS)]
    assert sources == ["2024_1", "2024_1 (2)", "n3", "N3 (2)"]
    assert all(
        s.get("plainTextPath") == f"internal://{s.get('guid')}.txt"
        for s in xml.iterfind(".//q:TextSource", NS)
    )
    guids = [node.get("guid") for node in xml.iter() if node.get("guid")]
    assert len(set(guids)) == len(guids)
    assert all(guid == guid.upper() and "{" not in guid for guid in guids)
    variables = [variable.get("name") for variable in xml.iterfind(".//q:Variable", NS)]
    assert len(set(variables)) == len(variables)
    assert xml.get("basePath") is None
    for name in zipfile.ZipFile(path).namelist():
        data = zipfile.ZipFile(path).read(name)
        assert not data.startswith(b"\xef\xbb\xbf")
        assert name == "project.qde" or (name.startswith("sources/") and b"\r" not in data)


def test_the_memo_says_why_in_danish(tmp_path, notes, codings):
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings, codebook=Codebook.load())
    memos = [node.text for node in xml_of(path).iterfind(".//q:PlainTextSelection/q:Description", NS)]

    assert any(memo.startswith("Trøste: nøgleord · sikkerhed 1,00 · ord: »trøste«") for memo in memos)
    assert any("klassifikator · sikkerhed 0,83" in memo for memo in memos)


def test_the_same_input_gives_the_same_bytes(tmp_path, notes, codings):
    when = datetime(2024, 5, 1, 12, tzinfo=UTC)
    (tmp_path / "a").mkdir()
    one = write_qdpx(tmp_path / "aar.qdpx", notes, codings, created=when)[0].read_bytes()
    assert write_qdpx(tmp_path / "a" / "aar.qdpx", notes, codings, created=when)[0].read_bytes() == one


@pytest.mark.parametrize(
    ("split", "parts"),
    [("case", ["aar-S1", "aar-S2"]), ("month", ["aar-2024-03", "aar-2024-04", "aar-uden dato"])],
)
def test_split_exports_hold_everything_once(tmp_path, notes, codings, cases, split, parts):
    paths = write_qdpx(tmp_path / "aar.qdpx", notes, codings, cases, split=split)

    assert [path.stem for path in paths] == parts
    back = pd.concat([read_qdpx(path).codings for path in paths])
    pd.testing.assert_frame_equal(by_id(back), by_id(codings))


def test_qualcoder_gets_its_case_links_and_they_do_not_come_back_as_codes(tmp_path, notes, codings):
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings, target="qualcoder")
    xml = xml_of(path)
    cases = {case.get("guid") for case in xml.iterfind(".//q:Case", NS)}

    linked = [ref for ref in xml.iterfind(".//q:CodeRef", NS) if ref.get("targetGUID") in cases]
    assert len(linked) == len(notes)
    assert not any("Sag" in path for path in read_qdpx(path).codebook.paths)


def test_document_groups_are_sets(tmp_path, notes, codings, cases):
    [path] = write_qdpx(tmp_path / "aar.qdpx", notes, codings, cases, target="atlas.ti")
    sets = {
        s.get("name"): len(s.findall("q:MemberSource", NS)) for s in xml_of(path).iterfind(".//q:Set", NS)
    }
    assert sets["Sag: S1"] == 2
    assert sets["Sag:Målopnåelse: på vej"] == 2


def test_writing_refuses_ids_that_xml_cannot_hold_and_leaves_nothing_behind(tmp_path, notes):
    with pytest.raises(InputError, match="XML cannot hold"):
        write_qdpx(tmp_path / "aar.qdpx", notes.assign(case_id="S\x01"), empty(CODINGS))
    assert list(tmp_path.iterdir()) == []


def test_writing_names_a_missing_folder_and_an_unknown_target(tmp_path, notes, codings):
    with pytest.raises(InputError, match="folder"):
        write_qdpx(tmp_path / "mangler" / "aar.qdpx", notes, codings)
    with pytest.raises(ExchangeError, match="target"):
        write_qdpx(tmp_path / "aar.qdpx", notes, codings, target="spss")
