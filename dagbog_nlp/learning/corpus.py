"""Read the annotated corpus (``data_samples/corpus``) into the library's tables.

The format is described in ``data_samples/corpus/MANUAL.md``: one sentence a line with its codes
in braces. ``codes.csv`` beside it translates the manual's short codes into code paths. Sentences of a note
are joined by a space, or by a line break after one that has no end mark: who types without full stops types
each entry on a line of its own.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dagbog_nlp.errors import InputError
from dagbog_nlp.notes.read import read_cases, read_notes
from dagbog_nlp.tables import check_codings

_SENTENCE = re.compile(r"(.+?) ?\{([^{}]*)\}")
_LINE_BREAK = "¶"
_END = re.compile(r"[.!?…:;][\"'”“»«’)\]]*$")


@dataclass(frozen=True)
class Corpus:
    """An annotated corpus as tables.

    Attributes
    ----------
    notes
        The notes table, with a further column ``writer`` (the file's name without ending).
    cases
        The cases table.
    codings
        Manual codings, one row per sentence and code; positions are those of the marked sentence.
    sentences
        One row per marked sentence: ``case_id, note_id, date, focus, start, end, text, writer, codes``
        (a tuple of code paths).
    """

    notes: pd.DataFrame
    cases: pd.DataFrame
    codings: pd.DataFrame
    sentences: pd.DataFrame

    def of_writers(self, writers: Iterable[str]) -> Corpus:
        """Keep the notes of some writers."""
        notes = self.notes[self.notes["writer"].isin(set(writers))].reset_index(drop=True)
        kept, cases = set(notes["note_id"]), set(notes["case_id"])
        return Corpus(
            notes,
            self.cases[self.cases["case_id"].isin(cases)].reset_index(drop=True),
            self.codings[self.codings["note_id"].isin(kept)].reset_index(drop=True),
            self.sentences[self.sentences["note_id"].isin(kept)].reset_index(drop=True),
        )


def read_corpus(folder: str | Path, *, writers: Iterable[str] | None = None) -> Corpus:
    """Read all annotated files of a folder.

    Parameters
    ----------
    folder
        Holds ``W*.txt`` and ``codes.csv``.
    writers
        Names of the files to read, without ending; all when None.

    Raises
    ------
    InputError
        A line that is not in the format, or a code that ``codes.csv`` lacks.
    """
    folder = Path(folder)
    wanted = None if writers is None else set(writers)
    with (folder / "codes.csv").open(encoding="utf-8", newline="") as file:
        paths = {row["manual"]: row["code"] for row in csv.DictReader(file)}
    notes: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    sentences: list[dict[str, Any]] = []
    for file_path in sorted(folder.glob("W*.txt"), key=lambda path: (len(path.stem), path.stem)):
        if wanted is None or file_path.stem in wanted:
            _read_file(file_path, paths, notes, cases, sentences)
    if not notes:
        raise InputError(
            "the folder holds no annotated notes", file=folder, fix="pass the folder with W*.txt"
        )
    sentence_frame = pd.DataFrame(sentences).merge(
        pd.DataFrame(notes)[["note_id", "date", "focus", "writer"]], on="note_id", how="left"
    )
    sentence_frame["date"] = pd.to_datetime(sentence_frame["date"])
    note_frame = read_notes(pd.DataFrame(notes))
    codings = sentence_frame[["case_id", "note_id", "start", "end", "codes"]].explode("codes")
    codings = codings.dropna(subset="codes").rename(columns={"codes": "code"})
    return Corpus(
        note_frame, read_cases(pd.DataFrame(cases)), check_codings(codings, note_frame), sentence_frame
    )


def _read_file(
    path: Path,
    paths: dict[str, str],
    notes: list[dict[str, Any]],
    cases: list[dict[str, Any]],
    sentences: list[dict[str, Any]],
) -> None:
    note: dict[str, Any] | None = None
    for number, line in _lines(path):
        if line.startswith("# "):
            fields = dict(part.split(":", 1) for part in line[2:].split("|"))
            cases.append({key.strip(): value.strip() for key, value in fields.items()})
        elif line.startswith("## "):
            date, focus = line[3:].split(" | ")
            case_id = cases[-1]["sag"]
            index = 1 + sum(1 for other in reversed(notes) if other["case_id"] == case_id)
            note = {
                "case_id": case_id,
                "note_id": f"{case_id}-{index:02d}",
                "date": date,
                "text": "",
                "focus": focus,
                "team": cases[-1]["team"],
                "writer": path.stem,
            }
            notes.append(note)
        elif note is not None and line == _LINE_BREAK:
            note["text"] += "\n"
        elif note is not None and (match := _SENTENCE.fullmatch(line)):
            text, codes = match[1].strip(), [code.strip() for code in match[2].split(";") if code.strip()]
            unknown = [code for code in codes if code not in paths]
            if unknown:
                raise InputError(f"unknown code {unknown[0]}", file=path, row=number, fix="see MANUAL.md")
            if note["text"] and not note["text"].endswith("\n"):
                note["text"] += " " if _END.search(note["text"]) else "\n"
            start = len(note["text"])
            note["text"] += text
            sentences.append(
                {
                    "case_id": note["case_id"],
                    "note_id": note["note_id"],
                    "start": start,
                    "end": len(note["text"]),
                    "text": text,
                    "codes": tuple(sorted({paths[code] for code in codes})),
                }
            )
        else:
            raise InputError(
                "the line is not in the corpus format", file=path, row=number, fix="see MANUAL.md"
            )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line.strip()
