"""What a finished run leaves in its folder, and the object that reads it back."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dagbog_nlp.atomic import atomic
from dagbog_nlp.batch.folder import TABLES, RunFolder, bad_notes, stopping_at_the_disk
from dagbog_nlp.batch.summary import codes_to_profile, count_codes, profile_in_batches
from dagbog_nlp.batch.workbooks import EXCEL_ROWS, write_codings, write_profiles
from dagbog_nlp.cases.profiles import Profiles
from dagbog_nlp.notes.chunks import BadNote
from dagbog_nlp.notes.stream import NoteStream

DOUBT = "professionel_tvivl"
_LIBRARIES = ("pandas", "pyarrow", "scikit-learn", "onnxruntime")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Tagged:
    """A finished run.

    Attributes
    ----------
    folder
        Where the results are.
    summary
        The content of ``run.json``: versions, hashes, settings, counts, seconds.
    codes
        ``code, label, codings, notes``, most codings first.
    most_doubt
        The five cases with most sentences of professional doubt: ``case_id, sentences, notes, notes_total``.
    exceptions
        The notes that could not be coded: ``file, row, note_id, reason``.
    """

    folder: Path
    summary: dict[str, Any]
    codes: pd.DataFrame
    most_doubt: pd.DataFrame
    exceptions: pd.DataFrame

    def codings(self) -> pd.DataFrame:
        """Read the codings table, all of it."""
        return pd.read_parquet(self.folder / "codings.parquet")

    def profiles(self) -> Profiles:
        """Read the profiles table."""
        return Profiles(pd.read_parquet(self.folder / "profiles.parquet"))

    def __repr__(self) -> str:
        counts = self.summary["counts"]
        return (
            f"Tagged({self.folder.name!r}, notes: {counts['coded']} of {counts['rows']}, "
            f"codings: {counts['codings']}, cases: {counts['cases']})"
        )


class Outputs:
    """Writes everything that follows from the parts of a run.

    Parameters
    ----------
    folder
        The run's; all chunks are done.
    stream
        The input.
    manifest
        What decided the result.
    records
        The journal, by number of chunk.
    cases
        The cases table, or None.
    coder
        Gives the labels.
    """

    def __init__(
        self,
        folder: RunFolder,
        stream: NoteStream,
        manifest: dict[str, Any],
        records: dict[int, dict[str, Any]],
        *,
        cases: pd.DataFrame | None,
        coder: Any,
    ) -> None:
        self.folder, self.stream, self.manifest, self.cases = folder, stream, manifest, cases
        self.records = [records[chunk.number] for chunk in stream.chunks]
        self.codebook = getattr(coder, "codebook", None)
        self.errors = getattr(coder, "errors", None)
        self.bad = sorted(
            [*stream.bad, *bad_notes(self.records)], key=lambda note: (self._place(note), note.row)
        )

    def write(self, *, workbooks: bool, resumed: int, seconds: float, began: float) -> Tagged:
        """Write all results but the codings, and ``run.json`` last.

        Parameters
        ----------
        workbooks
            Write the Excel files.
        resumed
            How many chunks an earlier run had done.
        seconds
            Time of the coding.
        began
            ``time.perf_counter()`` at the start.
        """
        with stopping_at_the_disk():
            self.folder.merge([record["chunk"] for record in self.records])
            self._write_exceptions()
            codes = count_codes(self.folder, self._rows("codings"), self.codebook)
            shown = codes_to_profile(codes["code"].tolist(), self.codebook)
            doubt, cases, left_out = self._write_profiles(shown, workbooks)
            if workbooks and int(codes["codings"].sum()) > EXCEL_ROWS:
                left_out.append("codings.xlsx")
            elif workbooks:
                write_codings(self.folder.path / "codings.xlsx", self._read_chunks(), self._labels(shown))
        summary = {
            **self.manifest,
            "counts": {
                "rows": self.stream.notes + len(self.stream.bad),
                "coded": sum(record["notes"] for record in self.records),
                "exceptions": len(self.bad),
                "codings": int(codes["codings"].sum()),
                "cases": cases,
                "chunks": len(self.records),
                "chunks_of_an_earlier_run": resumed,
            },
            "notes_without_case_data": self._without_case_data(),
            "left_out_for_excel": left_out,
            "seconds": {
                "coding": round(seconds, 2),
                "all": round(time.perf_counter() - began, 2),
                "work": round(sum(record["seconds"] for record in self.records), 2),
            },
            "finished": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "libraries": {name: version(name) for name in _LIBRARIES},
        }
        self.folder.write(
            self.folder.path / "run.json", json.dumps(summary, ensure_ascii=False, indent=1).encode()
        )
        exceptions = pd.DataFrame(
            [(note.file, note.row, note.note_id, note.reason) for note in self.bad],
            columns=["file", "row", "note_id", "reason"],
        )
        return Tagged(self.folder.path, summary, codes, doubt, exceptions)

    def _write_exceptions(self) -> None:
        path = self.folder.path / "exceptions.csv"
        if not self.bad:
            path.unlink(missing_ok=True)
            return
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=";")
        writer.writerow(["note_id", "row", "reason", "file"])
        writer.writerows(
            [_harmless(note.note_id), note.row, note.reason, _harmless(note.file)] for note in self.bad
        )
        self.folder.write(path, text.getvalue().encode("utf-8-sig"))

    def _write_profiles(self, codes: list[str], workbooks: bool) -> tuple[pd.DataFrame, int, list[str]]:
        path = self.folder.path / "profiles.parquet"
        columns = ["case_id", "sentences", "notes", "notes_total"]
        doubt = pd.DataFrame(columns=columns)
        case_count = 0
        writer: pq.ParquetWriter | None = None
        with atomic(path) as temporary:
            rows = {table: self._rows(table) for table in TABLES}
            for batch in profile_in_batches(self.folder, rows, codes, self.cases, self.errors):
                frame = pd.DataFrame(batch)
                case_count += frame["case_id"].nunique()
                table = pa.Table.from_pandas(frame, preserve_index=False)
                writer = writer or pq.ParquetWriter(temporary, table.schema, compression="zstd")
                writer.write_table(table.cast(writer.schema))
                here = frame[(frame["code"] == DOUBT) & (frame["sentences"] > 0)][columns]
                doubt = pd.concat([doubt, here]) if len(doubt) else here
                doubt = doubt.sort_values(["sentences", "notes"], ascending=False, kind="stable").head(5)
            if writer is None:
                pd.DataFrame(Profiles()).to_parquet(temporary)
            else:
                writer.close()
        left_out = []
        if workbooks and writer is not None:
            batches = self._profiles_again(path)
            write_profiles(
                self.folder.path / "profiles.xlsx", batches, codes, self._labels(codes), self.cases
            )
            if case_count * len(codes) > EXCEL_ROWS:
                left_out.append("profiles.xlsx: Sager og koder")
        return doubt.reset_index(drop=True), case_count, left_out

    @staticmethod
    def _profiles_again(path: Path) -> Iterator[pd.DataFrame]:
        """Read the profiles in the pieces they were written in, each of whole cases."""
        with pq.ParquetFile(path) as profiles:
            for group in range(profiles.num_row_groups):
                yield profiles.read_row_group(group).to_pandas()

    def _read_chunks(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        parts = self.folder.parts("codings", self._rows("codings"))
        for chunk, codings in zip(self.stream.chunks, parts, strict=True):
            yield self.stream.read(chunk), codings.to_pandas()

    def _rows(self, table: str) -> list[tuple[int, int]]:
        return [(record["chunk"], record[table]) for record in self.records]

    def _labels(self, codes: list[str]) -> dict[str, str]:
        return {
            code: self.codebook[code].label
            for code in codes
            if self.codebook is not None and code in self.codebook
        }

    def _without_case_data(self) -> int | None:
        if self.cases is None:
            return None
        known = self.cases["case_id"]
        parts = self.folder.parts("notes", self._rows("notes"), ["case_id"])
        return sum(int((~part["case_id"].to_pandas().isin(known)).sum()) for part in parts)

    def _place(self, note: BadNote) -> int:
        return [file.name for file in self.stream.files].index(note.file)


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
