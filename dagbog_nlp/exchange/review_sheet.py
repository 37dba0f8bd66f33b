"""The review as an Excel book: a row per suggestion, a verdict from a list, ids locked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dagbog_nlp.atomic import atomic
from dagbog_nlp.codebook.codebook import Code
from dagbog_nlp.errors import ExchangeError
from dagbog_nlp.exchange.files import SafeZip
from dagbog_nlp.exchange.names import code_names
from dagbog_nlp.exchange.qdpx_parse import Exceptions
from dagbog_nlp.exchange.review_items import FORMAT, ReviewFile, ReviewItem, Suggestion, seal

ANSWERS = ("ja", "nej", "anden kode")
NO_CODE = "ingen kode"
_SHEET, _CODES, _HELP, _META = "Gennemgang", "Koder", "Vejledning", "_dagbog"
_HIDDEN = ("note_id", "start", "slut", "kodesti", "nøgle", "segl")
_SHOWN = (
    ("Sag", 9),
    ("Dato", 11),
    ("Opmærksomhedspunkt", 20),
    ("Sætningen før", 34),
    ("Sætning", 52),
    ("Sætningen efter", 34),
    ("Hvorfor spurgt", 13),
)
_OPEN = (("Dom", 13), ("Anden kode", 30), ("Kommentar", 30), ("Bedømt af", 14))
_BLIND = (("Kode 1", 30), ("Kode 2", 30), ("Kode 3", 30), ("Kommentar", 30), ("Bedømt af", 14))
_SUGGESTED = (("Kode", 28), ("Sikkerhed", 10), ("Grund", 24))
_LONGEST_CELL = 32_000
_GUIDE = (
    "Læs sætningen. Sætningerne før og efter står ved siden af.",
    "Dom: ja (koden er rigtig), nej (den er forkert), anden kode (forkert, og en anden er rigtig).",
    "Anden kode: vælg fra listen. Er forslaget rigtigt, men mangler der en kode, så svar ja og vælg den"
    " her. Flere koder skrives med semikolon imellem.",
    "En række uden kode er en stikprøve: ja betyder, at ingen kode er rigtig; ellers vælg anden kode.",
    "En blank dom betyder, at rækken ikke er bedømt. Filen kan læses ind, selv om den ikke er færdig.",
    "Kun de lyse felter kan rettes. Arket er låst uden kodeord, så rækkerne kan kendes igen.",
    "Filen indeholder notaternes tekst. Gem den kun, hvor notaterne selv må ligge.",
)
_BLIND_GUIDE = (
    "Læs sætningen, og vælg den eller de koder, der passer, uden at se andres forslag.",
    "Vælg »ingen kode«, når ingen passer. En række uden valg er ikke bedømt.",
    *_GUIDE[5:],
)


def write_sheet(path: Path, review: ReviewFile) -> None:
    """Write the review book.

    Parameters
    ----------
    path
        The ``.xlsx`` file.
    review
        What it asks.
    """
    names = code_names([code.path for code in review.codes], {code.path: code.label for code in review.codes})
    with atomic(path) as temporary:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        book = xlsxwriter.Workbook(str(temporary), options)
        looks = {
            "head": book.add_format({"bold": True, "bg_color": "#2F4858", "font_color": "white",
                                     "valign": "vcenter", "text_wrap": True}),
            "text": book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True}),
            "near": book.add_format({"text_wrap": True, "valign": "top", "quote_prefix": True,
                                     "font_color": "#6B7780"}),
            "date": book.add_format({"num_format": "dd-mm-yyyy", "valign": "top", "align": "left"}),
            "share": book.add_format({"num_format": "0 %", "valign": "top", "align": "left"}),
            "open": book.add_format({"text_wrap": True, "valign": "top", "locked": False,
                                     "bg_color": "#FFFBEA", "border": 1, "border_color": "#E5DFC5"}),
            "yes": book.add_format({"bg_color": "#DCEFDD"}),
            "no": book.add_format({"bg_color": "#F6DEDB"}),
            "other": book.add_format({"bg_color": "#FBEBC8"}),
        }  # fmt: skip
        sheet = book.add_worksheet(_SHEET)
        _write_rows(sheet, review, names, looks)
        _write_codes(book.add_worksheet(_CODES), review.codes, names, looks)
        guide = book.add_worksheet(_HELP)
        guide.set_column(0, 0, 110)
        for row, line in enumerate(_BLIND_GUIDE if review.blind else _GUIDE):
            guide.write_string(row, 0, line, looks["text"])
        meta = book.add_worksheet(_META)
        meta.hide()
        count = sum(1 for _ in _rows(review))
        for row, (key, value) in enumerate(
            {"format": FORMAT, "run": review.run, "blind": str(review.blind), "rows": str(count)}.items()
        ):
            meta.write_row(row, 0, [key, value])
        book.close()


def read_sheet(
    path: Path, exceptions: Exceptions
) -> tuple[dict[str, str], Iterator[tuple[int, dict[str, Any], dict[str, str]]]]:
    """Read the review book.

    Parameters
    ----------
    path
        The ``.xlsx`` file.
    exceptions
        Takes rows whose ids were edited.

    Returns
    -------
    meta : dict
        ``run, blind, saved``.
    rows : iterator
        For each answered row its number, the values by heading, and the paths by code name.

    Raises
    ------
    ExchangeError
        When it is no review book of ours.
    """
    with SafeZip(path) as archive:
        archive.refuse_document_types()
    try:
        book = openpyxl.load_workbook(path, data_only=True, keep_links=False)
        sheets = {name: list(book[name].iter_rows(values_only=True)) for name in (_SHEET, _CODES, _META)}
    except Exception as error:
        raise ExchangeError(
            f"it is no review book ({type(error).__name__})", file=path, fix="use a file from write_review"
        ) from None
    meta = {str(row[0]): str(row[1]) for row in sheets[_META] if len(row) > 1}
    rows = sheets[_SHEET]
    if meta.get("format") != FORMAT or not rows or not {*_HIDDEN} <= set(rows[0]):
        raise ExchangeError(
            "it is no review book of this version", file=path, fix="use a file from write_review"
        )
    meta["saved"] = (book.properties.modified or datetime.now()).isoformat()
    paths = {str(row[0]).casefold(): str(row[1]) for row in sheets[_CODES][1:] if row[0] and row[1]}
    return meta, _answered(rows, meta, paths, exceptions)


def _answered(
    rows: list[tuple[Any, ...]], meta: dict[str, str], paths: dict[str, str], exceptions: Exceptions
) -> Iterator[tuple[int, dict[str, Any], dict[str, str]]]:
    heading = [str(name) for name in rows[0]]
    seen = 0
    for number, values in enumerate(rows[1:], 2):
        row = dict(zip(heading, values, strict=False))
        if all(row.get(name) is None for name in _HIDDEN):
            continue
        seen += 1
        note_id, start, end, code, key, sealed = (
            str(row[name] if row[name] is not None else "") for name in _HIDDEN
        )
        if seal(meta["run"], key, (note_id, start, end), code) != sealed:
            exceptions.add(f"row {number}: its ids were edited", note_id or None)
            continue
        yield number, row, paths
    if str(seen) != meta.get("rows"):
        exceptions.add(f"the book has {seen} rows where {meta.get('rows')} were written")


def _rows(review: ReviewFile) -> Iterator[tuple[ReviewItem, Suggestion | None]]:
    for item in review.items:
        for suggestion in item.suggestions or (None,):
            yield item, suggestion


def _write_rows(
    sheet: Worksheet, review: ReviewFile, names: dict[str, str], looks: dict[str, Format]
) -> None:
    shown = (*_SHOWN, *(() if review.blind else _SUGGESTED))
    answers = _BLIND if review.blind else _OPEN
    columns = [*(name for name, _ in (*shown, *answers)), *_HIDDEN]
    first, last = len(shown), len(shown) + len(answers)
    for column, (name, width) in enumerate((*shown, *answers)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, name, looks["head"])
    for column in range(last, len(columns)):
        sheet.write_string(0, column, columns[column])
    sheet.set_column(last, len(columns) - 1, 4, None, {"hidden": True})
    number = 0
    run = review.run
    for item, suggestion in _rows(review):
        number += 1
        note = review.notes[item.note_id]
        before, sentence, after = review.sentence(item)
        sheet.write_string(number, 0, item.case_id, looks["text"])
        if pd.notna(note["date"]):
            sheet.write_datetime(number, 1, note["date"].to_pydatetime(), looks["date"])
        focus = note.get("focus")
        texts = ["" if focus is None or pd.isna(focus) else str(focus), before, sentence, after, item.reason]
        for column, (text, look) in enumerate(
            zip(texts, ("text", "near", "text", "near", "near"), strict=True), 2
        ):
            sheet.write_string(number, column, text[:_LONGEST_CELL], looks[look])
        if not review.blind:
            sheet.write_string(
                number, 7, names[suggestion.code] if suggestion else f"({NO_CODE})", looks["text"]
            )
            if suggestion:
                sheet.write_number(number, 8, round(suggestion.score, 4), looks["share"])
                sheet.write_string(number, 9, _why(suggestion, note["text"]), looks["near"])
        for column in range(first, last):
            known = review.reviewer if column == last - 1 else ""
            sheet.write_string(number, column, known, looks["open"]) if known else sheet.write_blank(
                number, column, None, looks["open"]
            )
        code = suggestion.code if suggestion else ""
        ids = (item.note_id, str(item.start), str(item.end), code, item.key)
        for column, value in enumerate((*ids, seal(run, item.key, ids[:3], code)), last):
            sheet.write_string(number, column, value)
    _guard(sheet, number, (first, last), review, looks)


def _why(suggestion: Suggestion, text: str) -> str:
    words = f": »{text[slice(*suggestion.cue)]}«" if suggestion.cue else ""
    return f"{suggestion.why}{words}"


def _guard(
    sheet: Worksheet, rows: int, answers: tuple[int, int], review: ReviewFile, looks: dict[str, Format]
) -> None:
    first, last = answers
    names = f"={_CODES}!$A$2:$A${len(review.codes) + 1 + review.blind}"
    lists = [*range(first, first + 3)] if review.blind else [first + 1]
    for column in lists:
        sheet.data_validation(1, column, rows, column, {
            "validate": "list", "source": names, "error_type": "warning", "error_title": "Ukendt kode",
            "error_message": "Koden står ikke på listen. Flere koder skrives med semikolon imellem.",
        })  # fmt: skip
    if not review.blind:
        sheet.data_validation(1, first, rows, first, {
            "validate": "list", "source": list(ANSWERS), "error_title": "Dom",
            "error_message": "Vælg ja, nej eller anden kode.",
        })  # fmt: skip
        for answer, look in zip(ANSWERS, ("yes", "no", "other"), strict=True):
            sheet.conditional_format(1, first, rows, first, {
                "type": "cell", "criteria": "==", "value": f'"{answer}"', "format": looks[look],
            })  # fmt: skip
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, rows, last - 1)
    sheet.protect(
        "", {"autofilter": True, "format_columns": True, "format_rows": True, "select_locked_cells": True}
    )
    sheet.set_landscape()
    sheet.repeat_rows(0)


def _write_codes(
    sheet: Worksheet, codes: list[Code], names: dict[str, str], looks: dict[str, Format]
) -> None:
    sheet.set_column(0, 0, 36)
    sheet.set_column(1, 1, 40)
    sheet.set_column(2, 4, 60)
    for column, name in enumerate(("Kode", "Kodesti", "Betydning", "Medtag", "Udelad")):
        sheet.write_string(0, column, name, looks["head"])
    for row, code in enumerate(codes, 1):
        cells = (names[code.path], code.path, code.definition, code.include, code.exclude)
        for column, value in enumerate(cells):
            sheet.write_string(row, column, value, looks["text"])
    sheet.write_string(len(codes) + 1, 0, NO_CODE, looks["text"])
    sheet.protect("", {"select_locked_cells": True})
