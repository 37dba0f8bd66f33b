"""What a REFI-QDA project file says, before positions and notes are made out of it.

Nothing is trusted: the zip is not unpacked, the XML may hold no entities, and whatever is wrong
with one part is listed while the rest is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.attributes import read_values, reference
from dagbog_nlp.exchange.code_tree import ReadCode, read_codes
from dagbog_nlp.exchange.files import SafeZip
from dagbog_nlp.exchange.positions import SourceText
from dagbog_nlp.exchange.xml_write import Element, ParseError

_INTEGER = re.compile(r"\s*[+-]?\d{1,10}\s*")
_UNKNOWN_CODER = "ukendt"


class Exceptions:
    """The parts of a file that could not be read, for a table that holds no note text."""

    COLUMNS = ("problem", "note_id", "code", "start", "end")

    def __init__(self) -> None:
        self._rows: list[tuple[str, str | None, str | None, int | None, int | None]] = []

    def add(
        self,
        problem: str,
        note_id: str | None = None,
        code: str | None = None,
        start: int | None = None,
        end: int | None = None,
    ) -> None:
        """Note one part, by note and position as far as they are known."""
        self._rows.append((problem, note_id, code, start, end))

    def to_frame(self) -> pd.DataFrame:
        """Return one row per part, in the order found."""
        frame = pd.DataFrame(self._rows, columns=list(self.COLUMNS))
        return frame.astype(
            {"problem": "str", "note_id": "str", "code": "str", "start": "Int64", "end": "Int64"}
        )


@dataclass(frozen=True)
class RawCoding:
    """One code on one passage: ids as in the file, the coder's name, the passage's memo."""

    code: str
    coder: str
    memo: str | None


@dataclass
class RawSource:
    """A text with its passages; ``codings`` lists per passage what is coded, ``whole`` what the note is."""

    guid: str
    name: str
    memo: str | None
    text: SourceText
    codings: list[list[RawCoding]] = field(default_factory=list)
    whole: list[RawCoding] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RawCase:
    """A case, its attributes, and the ids of its sources and codes."""

    guid: str
    name: str
    values: dict[str, str]
    sources: list[str]
    codes: list[str]


@dataclass(frozen=True)
class RawProject:
    """All that is read of one file."""

    name: str
    origin: str | None
    codes: list[ReadCode]
    kinds: dict[str, str]
    cases: list[RawCase]
    sources: list[RawSource]


def parse_xml(data: bytes, root: str, namespace: str, file: Path) -> Element:
    """Parse XML from a stranger and drop its namespaces.

    Raises
    ------
    ExchangeError
        When it is no XML, has a document type or entities, or is another kind of document.
    """
    try:
        element: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise ExchangeError(
            f"the XML holds what exchange files never hold ({type(error).__name__})",
            file=file,
            fix="do not use this file; ask where it came from",
        ) from None
    except (ParseError, LookupError, ValueError) as error:
        raise ExchangeError(
            f"the XML is broken ({type(error).__name__})", file=file, fix="export it again"
        ) from None
    if not element.tag.startswith(f"{{{namespace}") or element.tag.rpartition("}")[2] != root:
        raise ExchangeError(
            f"this is no REFI-QDA document of the kind {root}",
            file=file,
            fix="export it as REFI-QDA (.qdpx or .qdc)",
        )
    for node in element.iter():
        if isinstance(node.tag, str):
            node.tag = node.tag.rpartition("}")[2]
    return element


def parse_project(path: Path, codebook: Codebook | None, exceptions: Exceptions) -> RawProject:
    """Read the file's XML and texts.

    Parameters
    ----------
    path
        The ``.qdpx`` file.
    codebook
        Gives code names their paths.
    exceptions
        Takes what cannot be read.

    Returns
    -------
    RawProject

    Raises
    ------
    ExchangeError
        When the file as a whole cannot be read.
    """
    with SafeZip(path) as archive:
        found = archive.named(r"[^/]+\.qde")
        if len(found) != 1:
            raise ExchangeError(
                f"it holds {len(found)} project files (.qde) where one is needed",
                file=path,
                fix="export it again",
            )
        root = parse_xml(archive.read(found[0]), "Project", "urn:QDA-XML:project", path)
        users = {_id(user): user.get("name") or _UNKNOWN_CODER for user in root.iterfind("Users/User")}
        variables = [(_id(node), node) for node in root.iterfind("Variables/Variable")]
        names = {key: node.get("name", "") for key, node in variables}
        sources = list(_sources(root, archive, users, names, exceptions))
    return RawProject(
        root.get("name") or path.stem,
        root.get("origin"),
        list(read_codes(root.find("CodeBook/Codes"), codebook)),
        {node.get("name", ""): node.get("typeOfVariable", "Text") for _, node in variables},
        [_case(node, names) for node in root.iterfind("Cases/Case")],
        sources,
    )


def _sources(
    root: Element, archive: SafeZip, users: dict[str, str], names: dict[str, str], exceptions: Exceptions
) -> Iterator[RawSource]:
    parent = root.find("Sources")
    for element in parent if parent is not None else []:
        name = element.get("name") or _id(element)
        if element.tag != "TextSource":
            exceptions.add(f"a {element.tag} is not read, only texts are", name)
            continue
        text = _text(element, archive)
        if isinstance(text, str):
            exceptions.add(text, name)
            continue
        source = RawSource(_id(element), name, element.findtext("Description"), text)
        source.values = read_values(element, names)
        source.whole = _codings(element, element.get("creatingUser"), users)
        for selection in element.iterfind("PlainTextSelection"):
            _add_selection(source, selection, users, exceptions)
        yield source


def _add_selection(
    source: RawSource, selection: Element, users: dict[str, str], exceptions: Exceptions
) -> None:
    positions = [selection.get(name) or "" for name in ("startPosition", "endPosition")]
    codings = _codings(selection, selection.get("creatingUser"), users)
    if not codings:
        return
    if not all(map(_INTEGER.fullmatch, positions)):
        exceptions.add("a position is no whole number", source.name)
        return
    source.text.starts.append(int(positions[0]))
    source.text.ends.append(int(positions[1]))
    source.text.quotes.append(selection.get("name") or "")
    source.codings.append(codings)


def _codings(element: Element, owner: str | None, users: dict[str, str]) -> list[RawCoding]:
    memo = element.findtext("Description") if element.tag == "PlainTextSelection" else None
    found = []
    for coding in element.iterfind("Coding"):
        user = (coding.get("creatingUser") or owner or "").strip("{} ").upper()
        found.append(RawCoding(reference(coding.find("CodeRef")), users.get(user, _UNKNOWN_CODER), memo))
    return found


def _text(element: Element, archive: SafeZip) -> SourceText | str:
    inline = element.findtext("PlainTextContent")
    path = element.get("plainTextPath")
    if path is None:
        return SourceText(inline) if inline is not None else "the text is missing"
    member = archive.source(path if "://" in path else f"internal://{path}")
    if member is None:
        return "the text is not in the file"
    data = archive.read(member)
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return SourceText(data.decode("utf-16"), bom=True)
        return SourceText(data.decode("utf-8-sig"), bom=data.startswith(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        return "the text is not UTF-8"


def _case(element: Element, names: dict[str, str]) -> RawCase:
    sources = [reference(node) for node in element.iterfind("SourceRef")]
    codes = [reference(node) for node in element.iterfind("CodeRef")]
    return RawCase(
        _id(element), (element.get("name") or "").strip(), read_values(element, names), sources, codes
    )


def _id(element: Element) -> str:
    return (element.get("guid") or "").strip("{} ").upper()
