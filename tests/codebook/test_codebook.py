import pandas as pd
import pytest

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import CodebookError


@pytest.fixture
def book():
    return Codebook.load()


def test_the_shipped_codebook_holds_the_manuals_codes(book):
    assert len(book) == 35
    assert len(book.families) == 5
    assert len(book.classified) == 24
    assert len(book.keyword_codes) == 10
    assert not set(book.classified) & set(book.keyword_codes)
    assert all(code.label and code.label_en and code.definition for code in book)
    assert all(code.examples and code.counter_examples for code in book)
    assert len({code.colour for code in book}) == 35


def test_every_way_of_writing_brings_the_same_codebook_back(book, tmp_path):
    for name in ("bog.yaml", "bog.json"):
        assert Codebook.load(book.save(tmp_path / name)).hash == book.hash
    assert Codebook.from_frame(book.to_frame(), book.lists, book.name).hash == book.hash
    book.to_frame().to_excel(tmp_path / "bog.xlsx", index=False)
    sheet = pd.read_excel(tmp_path / "bog.xlsx")
    assert Codebook.from_frame(sheet, book.lists, book.name).hash == book.hash
    assert [path.name for path in tmp_path.glob("*.tmp")] == []


def test_the_hash_follows_the_content(book):
    before = book.hash
    assert len(before) == 12
    assert Codebook.load().hash == before
    book.add("relationsarbejde/tryghed", words=["tryg*"], exclude=["trygdeydelse"])
    assert book.hash != before


def test_a_code_that_is_added_can_be_looked_up(book):
    code = book.add("relationsarbejde/tryghed", words=["tryg*"])
    assert book["relationsarbejde/tryghed"] is code
    assert code.label == "Tryghed"
    assert book.parent(code.path) == "relationsarbejde"
    assert book.parent("relationsarbejde") is None
    assert code.path in book.keyword_codes


@pytest.mark.parametrize(
    ("path", "words", "problem"),
    [
        ("relationsarbejde", ["x"], "twice"),
        ("ukendt/kode", ["x"], "no parent"),
        ("/kode", ["x"], "pattern"),
    ],
)
def test_a_code_out_of_place_is_refused(book, path, words, problem):
    with pytest.raises(CodebookError, match=problem):
        book.add(path, words=words)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("codes:\n- path: a\n  farve: rød\n", "farve"),
        ("codes:\n- path: a\n- path: a\n", "twice"),
        ("codes:\n- path: a/b\n", "no parent a"),
        ("codes: [", "not readable"),
        ("codes:\n- path: a\n  keywords: {words: []}\n", "keywords"),
    ],
)
def test_a_file_that_breaks_a_rule_is_named_with_the_field(tmp_path, content, problem):
    file = tmp_path / "bog.yaml"
    file.write_text(content, "utf-8")
    with pytest.raises(CodebookError, match=problem) as error:
        Codebook.load(file)
    assert error.value.file == "bog.yaml"
    assert error.value.fix


def test_what_is_missing_is_told(tmp_path, book):
    with pytest.raises(CodebookError, match="no such codebook"):
        Codebook.load(tmp_path / "ikke.yaml")
    with pytest.raises(CodebookError, match="no code ukendt"):
        book["ukendt"]
    with pytest.raises(CodebookError, match="no column path"):
        Codebook.from_frame(pd.DataFrame({"navn": ["a"]}))
