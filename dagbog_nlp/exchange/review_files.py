"""Reviews out to a reviewer and back: an Excel book or a web page, whichever the file's name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.attributes import records
from dagbog_nlp.exchange.qdpx_parse import Exceptions
from dagbog_nlp.exchange.review_items import build_review, item_key
from dagbog_nlp.exchange.review_page import read_page, write_page
from dagbog_nlp.exchange.review_sheet import NO_CODE, read_sheet, write_sheet
from dagbog_nlp.learning.review import Review, decision_table

_YES, _NO, _OTHER = {"ja", "j", "yes"}, {"nej", "n", "no"}, {"anden kode", "anden"}


def write_review(
    path: str | Path,
    notes: pd.DataFrame,
    codings: pd.DataFrame,
    *,
    queue: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    blind: bool = False,
    reviewer: str = "",
) -> Path:
    """Write suggested codings for a person to judge.

    Parameters
    ----------
    path
        ``review.xlsx`` for an Excel book, ``review.html`` for a page that opens offline in any
        browser. The file holds the notes' text: keep it where the notes may be.
    notes, codings
        The tables.
    queue
        Which sentences, from :func:`~dagbog_nlp.review_queue`; without it every coded sentence.
    codebook
        The codes to choose from, with their definitions; without it those of `codings`.
    blind
        Show no suggestions: for a second coder whose agreement is to be measured.
    reviewer
        Fills in the reviewer's name.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        When there is nothing to review or a queued sentence is not in the notes.
    ExchangeError
        When the name ends in neither ``.xlsx`` nor ``.html``.

    Examples
    --------
    >>> import tempfile
    >>> notes = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "date": ["2024-03-01"],
    ...                       "text": ["Mor græder. Far trøster."]})
    >>> codings = pd.DataFrame({"case_id": ["S1"], "note_id": ["N1"], "start": [12], "end": [24],
    ...                         "code": ["relationsarbejde/trøste"]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = write_review(f"{folder}/review.xlsx", notes, codings)
    ...     read_review(file)
    Review(no decisions; 0 exceptions)
    """
    file = Path(path)
    writers = {".xlsx": write_sheet, ".html": write_page}
    if file.suffix.lower() not in writers:
        raise ExchangeError(
            "a review is .xlsx or .html", file=file, fix="name the file review.xlsx or review.html"
        )
    review = build_review(notes, codings, queue, codebook, blind=blind, reviewer=reviewer)
    writers[file.suffix.lower()](file, review)
    return file


def read_review(path: str | Path, *, notes: pd.DataFrame | None = None, run: str | None = None) -> Review:
    """Read what a reviewer decided.

    Parameters
    ----------
    path
        The Excel book, or the ``.json`` file that the review page saved.
    notes
        The notes that were reviewed. With them each decision is checked to be about these very
        words.
    run
        Id of the review that is expected, from an earlier ``read_review(...).run``.

    Returns
    -------
    Review
        ``decisions`` and, for rows that were edited or make no sense, ``exceptions``.

    Raises
    ------
    ExchangeError
        When the file is no review, belongs to another run, or is about other notes altogether.

    Examples
    --------
    >>> import openpyxl, tempfile
    >>> notes = pd.DataFrame({"case_id": "S1", "note_id": ["N1"], "date": pd.NaT, "text": "Mor græder."})
    >>> codings = notes[["case_id", "note_id"]].assign(start=0, end=11, code="relationsarbejde/gråd")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     book = openpyxl.load_workbook(file := write_review(f"{folder}/review.xlsx", notes, codings))
    ...     next(cell for cell in book["Gennemgang"][1] if cell.value == "Dom").offset(row=1).value = "ja"
    ...     book.save(file)
    ...     read_review(file, notes=notes)
    Review(1 accepted; 0 exceptions)
    """
    file = Path(path)
    exceptions = Exceptions()
    if file.suffix.lower() == ".html":
        raise ExchangeError(
            "this is the page, not the decisions", file=file, fix="save them on the page, read the .json"
        )
    reader = {".xlsx": _from_sheet, ".json": _from_page}.get(file.suffix.lower())
    if reader is None:
        raise ExchangeError(
            "decisions are .xlsx or .json", file=file, fix="give the book, or the page's saved file"
        )
    meta, rows = reader(file, exceptions)
    if run is not None and meta["run"] != run:
        raise ExchangeError(
            "it belongs to another run", file=file, fix="read it with the notes and codings of its run"
        )
    found = list(rows)
    kept = found if notes is None else list(_of_these(found, notes, exceptions))
    if found and not kept:
        raise ExchangeError(
            "none of its sentences are in these notes", file=file, fix="pass the notes that were reviewed"
        )
    decided = [row for row in kept if row["verdict"]]
    return Review(decision_table(decided), exceptions.to_frame(), meta["run"], bool(meta["blind"]))


def _of_these(
    rows: list[dict[str, Any]], notes: pd.DataFrame, exceptions: Exceptions
) -> Iterator[dict[str, Any]]:
    by_id = {row["note_id"]: row for row in records(notes)}
    for row in rows:
        note = by_id.get(row["note_id"])
        span = (row["start"], row["end"])
        if note is None or item_key(row["note_id"], *span, note["text"][slice(*span)]) != row["key"]:
            exceptions.add("the sentence is not in these notes", row["note_id"], row["code"], *span)
        else:
            yield row | {"case_id": note["case_id"]}


def _from_page(path: Path, exceptions: Exceptions) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    meta, sentences = read_page(path, exceptions)

    def rows() -> Iterator[dict[str, Any]]:
        for sentence in sentences:
            base = {name: sentence[name] for name in ("key", "case_id", "note_id", "start", "end", "comment")}
            base |= {"reviewer": meta["reviewer"], "reviewed_at": sentence["at"] or meta["saved"]}
            for code, word in sentence["v"].items():
                yield base | {"code": code, "verdict": "accepted" if word == "ja" else "rejected"}
            for code in sentence["added"]:
                yield base | {"code": code, "verdict": "added"}
            if sentence.get("seen") is True and not sentence["v"] and not sentence["added"]:
                yield base | {"code": None, "verdict": "none"}

    return meta, rows()


def _from_sheet(path: Path, exceptions: Exceptions) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    meta, found = read_sheet(path, exceptions)
    blind = meta["blind"] == "True"

    def rows() -> Iterator[dict[str, Any]]:
        for number, row, paths in found:
            base = {
                "key": row["nøgle"],
                "case_id": _said(row.get("Sag")),
                "note_id": row["note_id"],
                "start": int(row["start"]),
                "end": int(row["slut"]),
                "comment": _said(row.get("Kommentar")) or None,
                "reviewer": _said(row.get("Bedømt af")) or None,
                "reviewed_at": meta["saved"],
            }
            verdicts = _blind_verdicts(row, paths) if blind else _verdicts(row, paths)
            for code, verdict in verdicts:
                if verdict.startswith("!"):
                    exceptions.add(
                        f"row {number}: {verdict[1:]}", base["note_id"], code, base["start"], base["end"]
                    )
                else:
                    yield base | {"code": code, "verdict": verdict}
            yield base | {"code": None, "verdict": ""}

    return meta | {"blind": blind}, rows()


def _verdicts(row: dict[str, Any], paths: dict[str, str]) -> Iterator[tuple[str | None, str]]:
    """Code and verdict, or a problem behind an exclamation mark."""
    suggested = row["kodesti"] or None
    word = _said(row.get("Dom")).lower()
    others = [name for name in _said(row.get("Anden kode")).split(";") if name.strip()]
    if word and word not in _YES | _NO | _OTHER:
        yield suggested, "!the verdict is none of ja, nej, anden kode"
        return
    if (word in _OTHER or (word in _NO and not suggested)) and not others:
        yield suggested, "!another code is asked for and none is given"
    elif suggested and word:
        yield suggested, "accepted" if word in _YES else "rejected"
    elif word in _YES and not others:
        yield None, "none"
    yield from _chosen(others, paths)


def _blind_verdicts(row: dict[str, Any], paths: dict[str, str]) -> Iterator[tuple[str | None, str]]:
    names = [_said(row.get(f"Kode {number}")) for number in (1, 2, 3)]
    codes = [name for name in names if name and name.lower() != NO_CODE]
    if any(names) and not codes:
        yield None, "none"
    yield from _chosen(codes, paths)


def _chosen(names: list[str], paths: dict[str, str]) -> Iterator[tuple[str | None, str]]:
    for name in dict.fromkeys(name.strip().casefold() for name in names):
        code = paths.get(name) or (name if name in paths.values() else None)
        yield code, "added" if code else "!the code is not on the list"


def _said(value: Any) -> str:
    return "" if value is None else str(value).strip()
