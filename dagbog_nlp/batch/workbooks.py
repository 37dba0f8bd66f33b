"""Workbooks for people who read in Excel: codings with their sentences, and case profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dagbog_nlp.atomic import atomic

EXCEL_ROWS = 1_048_575
_LONGEST_CELL = 32_767
_SOURCES = {"keyword": "søgeord", "classifier": "klassifikator", "manual": "manuel"}
_HOLDERS = {"professional": "professionel", "family": "familie", "other": "anden"}
CODING_COLUMNS = {
    "Sag": 12,
    "Notat": 14,
    "Dato": 11,
    "Opmærksomhedspunkt": 24,
    "Kode": 30,
    "Sætning": 80,
    "Ord": 18,
    "Score": 8,
    "Kilde": 14,
    "Negeret": 9,
    "Hvem": 14,
    "Hypotetisk": 11,
    "Gengivet": 10,
    "Kodesti": 36,
    "Fra": 7,
    "Til": 7,
    "Kodnings-id": 18,
}
_CASE_HEADINGS = {
    "team": "Team",
    "goal_attainment": "Målopnåelse",
    "severity": "Problemgrad",
    "enrolled": "Indskrevet",
    "discharged": "Udskrevet",
}
_PROFILE_COLUMNS = {
    "Sag": 12,
    "Kode": 34,
    "Sætninger": 10,
    "Notater med koden": 17,
    "Notater i alt": 12,
    "Andel": 8,
    "Andel, nedre (95 %)": 18,
    "Andel, øvre (95 %)": 18,
    "Første": 11,
    "Sidste": 11,
    "Kodesti": 36,
}


class Sheet:
    """A sheet written row by row, so that it takes no memory; text is never a formula.

    Parameters
    ----------
    book
        The workbook.
    name
        Of the sheet.
    widths
        Headings and their widths in characters.
    wrapped
        Headings of columns whose text is wrapped.
    """

    def __init__(
        self, book: xlsxwriter.Workbook, name: str, widths: dict[str, int], wrapped: Sequence[str] = ()
    ) -> None:
        self._sheet: Worksheet = book.add_worksheet(name)
        self._date: Format = book.add_format({"num_format": "dd-mm-yyyy", "align": "left", "valign": "top"})
        self._share: Format = book.add_format({"num_format": "0 %", "valign": "top"})
        top: Format = book.add_format({"valign": "top"})
        wrap: Format = book.add_format({"text_wrap": True, "valign": "top"})
        heading: Format = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        for column, (title, width) in enumerate(widths.items()):
            self._sheet.set_column(column, column, width, wrap if title in wrapped else top)
            self._sheet.write_string(0, column, title, heading)
        self._formats = [wrap if title in wrapped else top for title in widths]
        self._sheet.freeze_panes(1, 1)
        self._columns = len(widths)
        self.rows = 0

    def add(self, values: Sequence[Any], *, shares: Sequence[int] = ()) -> None:
        """Write one row; `shares` are the columns shown in percent."""
        self.rows += 1
        for column, value in enumerate(values):
            if isinstance(value, str):
                self._sheet.write_string(self.rows, column, value[:_LONGEST_CELL], self._formats[column])
            elif value is None or pd.isna(value):
                continue
            elif isinstance(value, pd.Timestamp):
                self._sheet.write_datetime(self.rows, column, value.to_pydatetime(), self._date)
            else:
                style = self._share if column in shares else self._formats[column]
                self._sheet.write_number(self.rows, column, float(value), style)

    def close(self) -> None:
        """Put the filter over the rows written."""
        self._sheet.autofilter(0, 0, max(self.rows, 1), self._columns - 1)


@contextmanager
def workbook(path: Path) -> Iterator[xlsxwriter.Workbook]:
    """Write an Excel file whole or not at all, in memory that does not grow."""
    with atomic(path) as temporary:
        options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        with xlsxwriter.Workbook(str(temporary), options) as book:
            yield book


def write_codings(
    path: Path, chunks: Iterator[tuple[pd.DataFrame, pd.DataFrame]], labels: dict[str, str]
) -> None:
    """Write the codings with their sentences.

    Parameters
    ----------
    path
        The Excel file.
    chunks
        Notes with text, and their codings.
    labels
        Of the codes.
    """
    with workbook(path) as book:
        sheet = Sheet(book, "Kodninger", CODING_COLUMNS, wrapped=["Sætning"])
        for notes, codings in chunks:
            texts = dict(zip(notes["note_id"], notes["text"], strict=True))
            focus = dict(zip(notes["note_id"], notes["focus"], strict=True)) if "focus" in notes else {}
            for row in codings.itertuples():
                text = texts[row.note_id]
                cue = "" if pd.isna(row.cue_start) else text[int(row.cue_start) : int(row.cue_end)]
                values = [
                    row.case_id,
                    row.note_id,
                    row.date,
                    focus.get(row.note_id),
                    labels.get(row.code, row.code),
                    text[row.start : row.end],
                    cue,
                    round(row.score, 3),
                    _SOURCES.get(row.source, row.source),
                    _yes(row.negated),
                    None if pd.isna(row.holder) else _HOLDERS.get(row.holder, row.holder),
                    _yes(row.hypothetical),
                    _yes(row.reported),
                    row.code,
                    row.start,
                    row.end,
                    row.coding_id,
                ]
                sheet.add(values)
        sheet.close()


def write_profiles(
    path: Path,
    batches: Iterator[pd.DataFrame],
    codes: list[str],
    labels: dict[str, str],
    cases: pd.DataFrame | None,
) -> None:
    """Write the profiles: one sheet with a row for each case, one with a row for each case and code.

    Parameters
    ----------
    path
        The Excel file.
    batches
        The profiles, whole cases at a time.
    codes
        The codes, in the order of the columns.
    labels
        Of the codes.
    cases
        Case data to show beside.
    """
    known = [name for name in _CASE_HEADINGS if cases is not None and name in cases]
    facts = {} if cases is None else cases.set_index("case_id")[known].to_dict("index")
    titles = {code: _title(code, labels) for code in codes}
    with workbook(path) as book:
        widths = {"Sag": 12, **{_CASE_HEADINGS[name]: 16 for name in known}, "Notater": 9}
        widths |= {"Reflekteret indsatsjustering": 14, **dict.fromkeys(titles.values(), 14)}
        cases_sheet = Sheet(book, "Sager", widths)
        codes_sheet = Sheet(book, "Sager og koder", _PROFILE_COLUMNS)
        for profiles in batches:
            for case_id, rows in pd.DataFrame(profiles).groupby("case_id", sort=False):
                first = rows.iloc[0]
                own = facts.get(str(case_id), {})
                answer = first["reflective"]
                counts = rows.set_index("code")["sentences"]
                cases_sheet.add(
                    [
                        str(case_id),
                        *(own.get(name) for name in known),
                        first["notes_total"],
                        "ukendt" if pd.isna(answer) else _yes(answer) or "nej",
                        *(counts.get(code) for code in titles),
                    ]
                )
                if codes_sheet.rows + len(rows) > EXCEL_ROWS:
                    continue
                for row in rows.itertuples():
                    values = [row.case_id, titles[row.code], row.sentences, row.notes, row.notes_total]
                    values += [row.share, row.low, row.high, row.first_date, row.last_date, row.code]
                    codes_sheet.add(values, shares=(5, 6, 7))
        cases_sheet.close()
        codes_sheet.close()


def _title(code: str, labels: dict[str, str]) -> str:
    return labels.get(code, code)


def _yes(value: Any) -> str | None:
    return "ja" if bool(value) else None
