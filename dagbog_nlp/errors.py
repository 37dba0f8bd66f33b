"""Errors that say what was wrong, where, and what fixes it, and never hold note text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class DagbogError(Exception):
    """Base of every error that this library raises on purpose."""


class InputError(DagbogError, ValueError):
    """Data from outside is not as it must be.

    Parameters
    ----------
    problem
        What is wrong, in words, without any text of a note.
    file
        Where it was read from.
    row
        The row as a spreadsheet counts it (the heading is row 1).
    note_id, case_id
        The note or case at fault.
    start, end
        Offsets into the note's text, in code points, half-open.
    fix
        The call or the edit that mends it.

    Examples
    --------
    >>> print(InputError("the date does not exist", file="notater.csv", row=7, note_id="N6",
    ...                  fix="correct the date in the file"))
    notater.csv, row 7, note_id N6: the date does not exist. To fix it: correct the date in the file.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        row: int | None = None,
        note_id: str | None = None,
        case_id: str | None = None,
        start: int | None = None,
        end: int | None = None,
        fix: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else Path(file).name
        self.row = row
        self.note_id = note_id
        self.case_id = case_id
        self.start = start
        self.end = end
        self.fix = fix
        super().__init__(problem)  # what an error is made anew from when it comes from a worker

    def __str__(self) -> str:
        where = [
            self.file,
            None if self.row is None else f"row {self.row}",
            None if self.case_id is None else f"case_id {self.case_id}",
            None if self.note_id is None else f"note_id {self.note_id}",
            None if self.start is None else f"characters {self.start}-{self.end}",
        ]
        place = ", ".join(part for part in where if part)
        message = f"{place}: {self.problem}." if place else f"{self.problem}."
        return f"{message} To fix it: {self.fix}." if self.fix else message


class MissingColumnError(InputError):
    """A table lacks a column; what a caller needs to say so in its own words.

    Parameters
    ----------
    problem, where
        As for :class:`InputError`.
    table
        ``notes`` or ``cases``.
    missing
        The columns that are not there.
    found
        The headings that are there; those that were recognised under the table's own names.
    given
        Whether `missing` are headings that the caller gave, rather than columns the table must have.
    """

    def __init__(
        self,
        problem: str,
        *,
        table: str = "",
        missing: Sequence[str] = (),
        found: Sequence[str] = (),
        given: bool = False,
        **where: Any,
    ) -> None:
        super().__init__(problem, **where)
        self.table, self.missing, self.found, self.given = table, tuple(missing), tuple(found), given


class CodebookError(InputError):
    """A codebook breaks a rule: unknown parent, doubled code, a pattern that cannot match."""


class ModelError(InputError):
    """A model folder is missing, damaged, of another version, or holds a type that is not allowed."""


class ExchangeError(InputError):
    """A file from another program cannot be read, or cannot be read without guessing."""


class NotFittedError(DagbogError, RuntimeError):
    """Something must be trained or loaded before it is used."""
