"""What a worker does: read a chunk, code it, give back rows as parquet bytes and never a text."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import parallel_config

from dagbog_nlp.codebook.codebook import Codebook
from dagbog_nlp.coding.encoder import SentenceEncoder
from dagbog_nlp.errors import DagbogError, ModelError, NotFittedError
from dagbog_nlp.notes.chunks import BadNote, Chunk, NoteFile
from dagbog_nlp.notes.stream import read_chunk
from dagbog_nlp.tables import CODINGS, DATE, empty

INDEX = {
    "case_id": "str",
    "note_id": "str",
    "date": DATE,
    "focus": "str",
    "team": "str",
    "characters": "int64",
}
_ARROW = {
    "str": pa.string(),
    DATE: pa.timestamp("us"),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
}
_NOT_THE_NOTE = (OSError, MemoryError, ModelError, NotFittedError)


class Coder(Protocol):
    """Anything with a ``code`` that turns the notes table into the codings table."""

    def code(self, notes: Any) -> pd.DataFrame:
        """Code notes."""
        ...


class CodingFailed(DagbogError, RuntimeError):  # noqa: N818
    """Not one note of a chunk could be coded: the coder is at fault, not the notes."""


@dataclass(frozen=True)
class CoderReference:
    """A coder as it travels to workers: by its folder where it has one, else itself.

    Attributes
    ----------
    key
        Tells coders apart; a process keeps the last coder it loaded.
    folder, tier, name, codebook
        How to load it again. The codebook travels along, as the user may have changed it.
    coder
        The coder itself, where it has no folder.
    """

    key: tuple[str, ...]
    folder: str | None = None
    tier: str = ""
    name: str = ""
    codebook: Codebook | None = None
    coder: Coder | None = None

    @classmethod
    def to(cls, coder: Any) -> CoderReference:
        """Refer to a coder, and keep it at hand for work in this process."""
        folder = getattr(coder, "folder", None)
        key = (str(folder), *coder_facts(coder).values(), str(os.getpid()), str(id(coder)))
        if folder is None:
            reference = cls(key, coder=coder)
        else:
            reference = cls(key, str(Path(folder).resolve()), coder.tier, coder.name, coder.codebook)
        _at_hand[:] = [(key, coder)]
        return reference

    def get(self) -> Coder:
        """The coder: the one at hand, or loaded from its folder, on one thread."""
        for key, coder in _at_hand:
            if key == self.key:
                return coder
        coder = self._load() if self.coder is None else self.coder
        _at_hand[:] = [(self.key, coder)]
        return coder

    def _load(self) -> Coder:
        # Slow to import, and not needed for a coder that travels whole.
        from dagbog_nlp.learning.model_store import load  # noqa: PLC0415

        coder = load(str(self.folder), tier=self.tier)
        coder.name = self.name
        if self.codebook is not None:
            coder.codebook = self.codebook
        if coder.ensemble is not None and coder.ensemble.encoder is not None:
            one_thread = SentenceEncoder.load(str(self.folder), threads=1)
            coder.ensemble = replace(coder.ensemble, encoder=one_thread)
        return coder


_at_hand: list[tuple[tuple[str, ...], Any]] = []


def coder_facts(coder: Any) -> dict[str, str]:
    """What decides a coder's codings: name, model, tier and codebook."""
    return {
        "coder": str(getattr(coder, "name", type(coder).__name__)),
        "model": str(getattr(coder, "model", "")),
        "tier": str(getattr(coder, "tier", "")),
        "codebook": str(getattr(getattr(coder, "codebook", None), "hash", "")),
    }


@dataclass(frozen=True)
class CodedChunk:
    """A coded chunk.

    Attributes
    ----------
    number
        The chunk's.
    notes, codings
        How many.
    tables
        Parquet bytes: ``codings``, and ``notes``, which has no text.
    bad
        Notes that could not be coded.
    seconds
        The work took so long.
    """

    number: int
    notes: int
    codings: int
    tables: dict[str, bytes]
    bad: Sequence[BadNote]
    seconds: float


def code_chunk(reference: CoderReference, file: NoteFile, chunk: Chunk) -> CodedChunk:
    """Read and code one chunk, in whatever process this is.

    Raises
    ------
    InputError
        The file was changed after it was scanned.
    CodingFailed
        No note could be coded.
    """
    began = time.perf_counter()
    notes = read_chunk(file, chunk)
    # On Dask a worker's own joblib calls would hand pieces of the chunk, and the coder, to other workers.
    with parallel_config("sequential"):
        codings, failed = _code(reference.get(), notes)
    bad = [
        BadNote(file.name, chunk.row_of(position), str(notes["note_id"].iloc[position]), reason)
        for position, reason in failed.items()
    ]
    notes = notes.drop(index=list(failed))
    index = notes.assign(characters=notes["text"].str.len()) if len(notes) else empty(INDEX)
    tables = {
        "codings": to_parquet(codings, CODINGS),
        "notes": to_parquet(index.reindex(columns=list(INDEX)), INDEX),
    }
    return CodedChunk(chunk.number, len(notes), len(codings), tables, bad, time.perf_counter() - began)


def to_parquet(frame: pd.DataFrame, columns: dict[str, str]) -> bytes:
    """Write a table as parquet bytes; the same table gives the same bytes."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()])
    table = pa.Table.from_pandas(frame.astype(columns), schema=schema, preserve_index=False)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _code(coder: Coder, notes: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, str]]:
    """Code notes together; where that fails, one at a time, to find the note at fault."""
    if not len(notes):
        return empty(CODINGS), {}
    try:
        return coder.code(notes), {}
    except _NOT_THE_NOTE:
        raise
    except Exception:
        parts: list[pd.DataFrame] = []
        failed: dict[int, str] = {}
        for position in range(len(notes)):
            try:
                parts.append(coder.code(notes.iloc[[position]].reset_index(drop=True)))
            except Exception as error:
                failed[position] = f"kodningen mislykkedes ({type(error).__name__})"
        if not parts:
            raise CodingFailed(f"no note could be coded: {next(iter(failed.values()))}") from None
        found = [part for part in parts if len(part)]
        return pd.concat(found, ignore_index=True) if found else empty(CODINGS), failed
