"""Codebooks out and in: nothing lost, valid, and readable when another program wrote them."""

from pathlib import Path

import openpyxl
import pytest
from lxml import etree
from pyrefiqda import RefiCodebook

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import CodebookError, ExchangeError
from dagbog_nlp.exchange.codebooks import read_codebook, read_qdc, write_codebook, write_qdc

SCHEMA = etree.XMLSchema(etree.parse(str(Path(__file__).parent / "schemas" / "Codebook.xsd")))


@pytest.fixture
def book():
    book = Codebook.load().model_copy(deep=True)
    book.lists["ro"] = ["rolig", "=tryg", "fred & ro"]
    book.add(
        "relationsarbejde/tryghed", words=["tryg*", "@ro"], exclude=["trygdeydelse"], definition="=1+1 <b>"
    )
    book.add("relationsarbejde/samspil", label="Kontakt", words=["-samspil"])
    return book


@pytest.mark.parametrize("name", ["kodebog.qdc", "kodebog.xlsx", "kodebog.csv"])
def test_a_codebook_comes_back_as_it_was(tmp_path, book, name):
    back = read_codebook(write_codebook(tmp_path / name, book))
    assert back.codes == book.codes
    assert back.lists == book.lists


def test_the_qdc_is_valid_unique_and_read_by_another_library(tmp_path, book):
    path = write_qdc(tmp_path / "kodebog.qdc", book)
    xml = etree.parse(str(path))
    SCHEMA.assertValid(xml)
    names = [node.get("name").casefold() for node in xml.iter("{*}Code")]
    assert len(set(names)) == len(names) == len(book)
    assert "kontakt (relationsarbejde)" in names
    other = RefiCodebook.load(path)
    assert [code.name for code in other.codes.code] == [book[path].label for path in book.families]
    memo = xml.find(".//{*}Code/{*}Description").text
    assert memo.startswith(book.codes[0].definition)
    assert "Medtag:\n" in memo


@pytest.mark.parametrize(
    "namespace", ["urn:QDA-XML:codebook:1.0", "urn:QDA-XML:codebook:1:0", "urn:QDA-XML:codebook:0:4"]
)
def test_other_programs_codebooks(tmp_path, namespace):
    path = tmp_path / "nvivo.qdc"
    path.write_text(
        f'<CodeBook xmlns="{namespace}" origin="NVivo"><Codes>'
        '<Code guid="{A0000000-0000-0000-0000-000000000001}" name="Tvivl" isCodable="true" color="#0f0">'
        "<Description>Er vi på rette vej?</Description>"
        '<Code guid="A0000000-0000-0000-0000-000000000002" name="Stor / lille" isCodable="true"/>'
        "</Code></Codes></CodeBook>",
        "utf-8",
    )
    book = read_qdc(path)
    assert book.paths == ["tvivl", "tvivl/stor_lille"]
    assert book["tvivl"].definition == "Er vi på rette vej?"
    assert book["tvivl"].colour == "#00FF00"
    assert book["tvivl/stor_lille"].label == "Stor / lille"


def test_an_edited_sheet_is_read(tmp_path, book):
    path = write_codebook(tmp_path / "kodebog.xlsx", book)
    workbook = openpyxl.load_workbook(path)
    sheet = workbook.active
    sheet["B2"].value = "Negativ alliance, rettet"
    sheet.append(["professionel_tvivl/egen_rolle", "Egen rolle"])
    workbook.save(path)
    edited = read_codebook(path)
    assert edited.codes[0].label == "Negativ alliance, rettet"
    assert edited["professionel_tvivl/egen_rolle"].label == "Egen rolle"


def test_a_csv_from_danish_excel_is_read(tmp_path):
    path = tmp_path / "kodebog.csv"
    path.write_bytes(
        "Kodesti;Navn;Søgeord\nomsorg;Omsorg;omsorg*\nomsorg/trøst;Trøst;trøst*\n".encode("cp1252")
    )
    book = read_codebook(path)
    assert book["omsorg/trøst"].keywords.words == ["trøst*"]


def test_formulas_are_inert(tmp_path, book):
    text = write_codebook(tmp_path / "kodebog.csv", book).read_text("utf-8-sig")
    assert ";=1+1" not in text
    assert ";'=1+1 <b>" in text


def test_broken_codebooks_are_said_to_be(tmp_path, book):
    with pytest.raises(ExchangeError, match=r"\.xlsx, \.csv or \.qdc"):
        write_codebook(tmp_path / "kodebog.pdf", book)
    with pytest.raises(ExchangeError, match="cannot be read"):
        read_codebook(tmp_path / "mangler.csv")
    path = tmp_path / "kodebog.csv"
    path.write_text("Navn\nx\n", "utf-8")
    with pytest.raises(CodebookError, match="Kodesti"):
        read_codebook(path)
    path.write_text("Kodesti\na/b\n", "utf-8")
    with pytest.raises(CodebookError, match="no parent"):
        read_codebook(path)
    (tmp_path / "x.xlsx").write_bytes(b"hemmelig")
    with pytest.raises(ExchangeError, match="zip"):
        read_codebook(tmp_path / "x.xlsx")
    (tmp_path / "x.qdc").write_text("<hemmelig", "utf-8")
    with pytest.raises(ExchangeError, match="XML is broken"):
        read_qdc(tmp_path / "x.qdc")
    with pytest.raises(CodebookError, match="no codes"):
        write_qdc(tmp_path / "tom.qdc", Codebook())
