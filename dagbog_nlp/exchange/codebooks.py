"""Codebooks to and from other programs (.qdc) and spreadsheets (Excel, CSV)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import xlsxwriter

from dagbog_nlp.atomic import atomic
from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import CodebookError, ExchangeError
from dagbog_nlp.exchange.attributes import records
from dagbog_nlp.exchange.code_tree import as_codebook, build_codes, read_codes
from dagbog_nlp.exchange.files import SafeZip, read_limited
from dagbog_nlp.exchange.names import guid, xml_text
from dagbog_nlp.exchange.positions import OWN_ORIGIN
from dagbog_nlp.exchange.qdpx_parse import parse_xml
from dagbog_nlp.exchange.xml_write import Element, SubElement, document

NAMESPACE = "urn:QDA-XML:codebook:1.0"
HEADINGS = {
    "path": "Kodesti",
    "label": "Navn",
    "label_en": "Engelsk navn",
    "definition": "Definition",
    "include": "Medtag",
    "exclude": "Udelad",
    "examples": "Eksempler",
    "counter_examples": "Modeksempler",
    "colour": "Farve",
    "classified": "Klassificeres",
    "words": "Søgeord",
    "exclude_words": "Udelukkede ord",
    "keep": "Undtagelser",
}
_LIST = "@"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_LARGEST = 2**26
_YES = {"ja", "true", "sand", "1", "x", "yes"}


def write_qdc(path: str | Path, codebook: Codebook) -> Path:
    """Write a codebook that NVivo, ATLAS.ti, MAXQDA and QualCoder import.

    The definition, what to include and leave out, and the examples become each code's description;
    paths and keyword rules follow in its last line, and word lists become sets.

    Parameters
    ----------
    path
        The ``.qdc`` file.
    codebook
        What to write; it needs a code.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    CodebookError
        When the codebook has no codes.

    Examples
    --------
    >>> import tempfile
    >>> book = Codebook(name="Årets noter")
    >>> code = book.add("gråd", definition="Nogen græder.")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     'name="Gråd"' in write_qdc(f"{folder}/kodebog.qdc", book).read_text("utf-8")
    True
    """
    if not len(codebook):
        raise CodebookError("the codebook has no codes, and a .qdc needs one", fix="add a code")
    root = Element("CodeBook", {"xmlns": NAMESPACE, "origin": OWN_ORIGIN})
    root.append(build_codes([], codebook, codebook.name).element)
    if codebook.lists:
        sets = SubElement(root, "Sets")
        for name, words in codebook.lists.items():
            title = xml_text(_LIST + name)
            element = SubElement(sets, "Set", {"guid": guid(codebook.name, "set", name), "name": title})
            SubElement(element, "Description").text = xml_text("\n".join(words))
    with atomic(path) as temporary:
        temporary.write_text(document(root), "utf-8", newline="\n")
    return Path(path)


def read_qdc(path: str | Path, *, codebook: Codebook | None = None) -> Codebook:
    """Read a codebook from another program, of any version of the standard.

    Parameters
    ----------
    path
        The ``.qdc`` file.
    codebook
        Gives the paths of codes by their labels, for files that we did not write.

    Returns
    -------
    Codebook

    Raises
    ------
    ExchangeError
        When the file is no codebook.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     book = read_qdc(write_qdc(f"{folder}/kodebog.qdc", Codebook.load()))
    >>> book.codes == Codebook.load().codes
    True
    """
    file = Path(path)
    root = parse_xml(read_limited(file, _LARGEST), "CodeBook", "urn:QDA-XML:codebook", file)
    book = as_codebook(read_codes(root.find("Codes"), codebook), file.stem)
    for element in root.iterfind("Sets/Set"):
        name = element.get("name") or ""
        if name.startswith(_LIST):
            book.lists[name.removeprefix(_LIST)] = (element.findtext("Description") or "").splitlines()
    return book


def write_codebook(path: str | Path, codebook: Codebook) -> Path:
    """Write a codebook for editing in a spreadsheet (``.xlsx``, ``.csv``) or as ``.qdc``.

    One row per code with Danish headings; what is a list has one entry a line. Word lists are the
    rows whose path begins with ``@``.

    Parameters
    ----------
    path
        Its ending says which kind.
    codebook
        What to write.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ExchangeError
        On another ending.

    Examples
    --------
    >>> import tempfile
    >>> book = Codebook()
    >>> code = book.add("gråd", words=["græd*"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_codebook(f"{folder}/kodebog.csv", book)
    ...     pd.read_csv(file, sep=";")[["Kodesti", "Navn", "Søgeord"]].values.tolist()
    [['gråd', 'Gråd', 'græd*']]
    """
    file = Path(path)
    if file.suffix.lower() == ".qdc":
        return write_qdc(file, codebook)
    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise ExchangeError("a codebook is .xlsx, .csv or .qdc", file=file, fix="name the file kodebog.xlsx")
    frame = codebook.to_frame().reindex(columns=list(HEADINGS)).astype(object)
    frame["classified"] = ["ja" if value is True else "nej" for value in frame["classified"]]
    lists = [{"path": _LIST + name, "words": "\n".join(words)} for name, words in codebook.lists.items()]
    frame = pd.concat([frame, pd.DataFrame(lists, columns=list(HEADINGS), dtype=object)]).fillna("")
    frame = frame.rename(columns=HEADINGS)
    with atomic(file) as temporary:
        if file.suffix.lower() == ".csv":
            frame.map(_neutral).to_csv(
                temporary, sep=";", index=False, encoding="utf-8-sig", lineterminator="\n"
            )
        else:
            _write_sheet(temporary, frame)
    return file


def read_codebook(path: str | Path) -> Codebook:
    """Read a codebook that was edited in a spreadsheet, or a ``.qdc``.

    Parameters
    ----------
    path
        A file as :func:`write_codebook` writes it; Danish or English headings, CSV with semicolon
        or comma, UTF-8 or Windows-1252.

    Returns
    -------
    Codebook

    Raises
    ------
    ExchangeError
        When the file cannot be read.
    CodebookError
        When a code breaks a rule, such as a missing parent.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "kodebog.csv")
    ...     edited = pd.DataFrame({"Kodesti": ["gråd"], "Navn": ["Gråd"], "Søgeord": ["tårer"]})
    ...     edited.to_csv(file, sep=";", index=False)
    ...     book = read_codebook(file)
    >>> book["gråd"].label, book.keyword_codes
    ('Gråd', ['gråd'])
    """
    file = Path(path)
    readers = {".xlsx": _read_sheet, ".csv": _read_csv}
    if file.suffix.lower() == ".qdc":
        return read_qdc(file)
    if file.suffix.lower() not in readers:
        raise ExchangeError("a codebook is .xlsx, .csv or .qdc", file=file, fix="save it as one of them")
    frame = readers[file.suffix.lower()](file)
    back = {heading.lower(): column for column, heading in HEADINGS.items()}
    names = {name: back.get(str(name).strip().lower(), str(name).strip().lower()) for name in frame}
    frame = frame.rename(columns=names)
    frame = frame[[column for column in HEADINGS if column in frame]]
    if "path" not in frame:
        raise CodebookError("there is no column Kodesti", file=file, fix="keep the headings as they were")
    frame = frame[frame["path"].notna() & frame["path"].ne("")]
    is_list = frame["path"].str.startswith(_LIST)
    lists = {
        row["path"].removeprefix(_LIST): str(row.get("words") or "").splitlines()
        for row in records(frame[is_list])
    }
    codes = frame[~is_list].assign()
    if "classified" in codes:
        codes["classified"] = codes["classified"].fillna("").str.strip().str.lower().isin(_YES)
    return Codebook.from_frame(codes, lists=lists, name=file.stem)


def _write_sheet(path: Path, frame: pd.DataFrame) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), options)
    sheet = book.add_worksheet("Kodebog")
    head = book.add_format({"bold": True, "bg_color": "#2F4858", "font_color": "white"})
    text = book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True})
    widths: Mapping[str, int] = {
        "Kodesti": 36,
        "Navn": 30,
        "Engelsk navn": 22,
        "Farve": 10,
        "Klassificeres": 12,
    }
    for column, name in enumerate(frame):
        sheet.set_column(column, column, widths.get(str(name), 44))
        sheet.write_string(0, column, str(name), head)
        for row, value in enumerate(frame[name], 1):
            sheet.write_string(row, column, str(value), text)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    book.close()


def _read_sheet(path: Path) -> pd.DataFrame:
    with SafeZip(path) as archive:
        archive.refuse_document_types()
    try:
        rows = list(openpyxl.load_workbook(path, data_only=True, keep_links=False).worksheets[0].values)
    except Exception as error:
        raise ExchangeError(
            f"it is no readable workbook ({type(error).__name__})", file=path, fix="save it again as .xlsx"
        ) from None
    heading = [str(name) for name in rows[0]] if rows else []
    return pd.DataFrame(
        [[None if v is None else str(v) for v in row] for row in rows[1:]], columns=heading, dtype="str"
    )


def _read_csv(path: Path) -> pd.DataFrame:
    data = read_limited(path, _LARGEST)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=";" if first.count(";") >= first.count(",") else ",", dtype="str",
            keep_default_na=False,
        )  # fmt: skip
    except ValueError as error:
        raise ExchangeError(
            f"it is no readable table ({type(error).__name__})", file=path, fix="save it again as CSV"
        ) from None
    return frame.map(_plain)


def _neutral(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
