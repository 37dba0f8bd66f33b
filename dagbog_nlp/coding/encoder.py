"""The sentence encoder at run time: sentences of notes to vectors and log odds, on the CPU, offline.

A small transformer reads each sentence by itself; a second, tiny network then looks at the vectors of
the neighbouring sentences, the note's mean and the note's heading. Both are ONNX graphs, made by
:mod:`dagbog_nlp.learning.encoder_training`. A sentence's result depends on its own note only, never
on what else is in the call.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnxruntime
import pandas as pd
from tokenizers import Tokenizer

from dagbog_nlp.errors import ModelError

ENCODER_FILE = "encoder.onnx"
CONTEXT_FILE = "encoder_context.onnx"
TOKENIZER_FILE = "tokenizer.json"
_CHUNK = 4096  # sentences held at a time
_BATCH_TOKENS = 1024  # tokens of one call, padding included


@dataclass(frozen=True)
class EncoderOutput:
    """What the encoder says of n sentences.

    Attributes
    ----------
    vectors
        float32 [n, 384], the sentence by itself.
    logits
        float32 [n, n_labels], log odds of each label, the sentence in its note.
    """

    vectors: np.ndarray
    logits: np.ndarray


class SentenceEncoder:
    """A trained encoder; get one with :meth:`load`.

    Attributes
    ----------
    labels : tuple of str
        Code paths, in the order of the columns of the log odds.
    folder : pathlib.Path
        Where it was loaded from. A copy in another process loads itself from there, on one thread.
    """

    def __init__(
        self,
        encoder: onnxruntime.InferenceSession,
        context: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        folder: Path,
    ) -> None:
        facts = encoder.get_modelmeta().custom_metadata_map
        self.labels: tuple[str, ...] = tuple(json.loads(facts["labels"]))
        self._headings = {name: index for index, name in enumerate(json.loads(facts["headings"]))}
        self._encoder = encoder
        self._context = context
        self._tokenizer = tokenizer
        self.folder = folder
        tokenizer.no_padding()
        tokenizer.enable_truncation(int(facts["max_tokens"]))

    @classmethod
    def load(cls, folder: str | Path, *, threads: int | None = None) -> Self:
        """Load the encoder of a model folder.

        Parameters
        ----------
        folder
            Holds ``encoder.onnx``, ``encoder_context.onnx`` and ``tokenizer.json``.
        threads
            CPU threads of one call; as many as there are cores when None. Use 1 in parallel workers.

        Raises
        ------
        ModelError
            A file is missing or cannot be read.
        """
        folder = Path(folder)
        for name in (ENCODER_FILE, CONTEXT_FILE, TOKENIZER_FILE):
            if not (folder / name).is_file():
                raise ModelError(
                    f"the model folder lacks {name}", file=folder, fix="load a whole model folder"
                )
        try:
            return cls(
                _session(folder / ENCODER_FILE, threads),
                _session(folder / CONTEXT_FILE, threads),
                Tokenizer.from_file(str(folder / TOKENIZER_FILE)),
                folder,
            )
        except Exception as error:
            raise ModelError(
                f"the encoder cannot be read ({type(error).__name__})",
                file=folder,
                fix="install the model anew",
            ) from error

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self).load, threads=1), (self.folder,)

    def encode(self, sentences: pd.DataFrame) -> EncoderOutput:
        """Encode n sentences.

        Parameters
        ----------
        sentences
            Frame with ``note_id, start, text`` and, where there, ``focus``. The rows of one note
            follow each other, in the note's order.

        Returns
        -------
        EncoderOutput
            Rows as in `sentences`.
        """
        n = len(sentences)
        vectors = np.zeros((n, 384), dtype=np.float32)
        logits = np.zeros((n, len(self.labels)), dtype=np.float32)
        texts = sentences["text"].tolist()
        notes = sentences["note_id"].tolist()
        headings = self._heading_numbers(sentences)
        for low, high in _whole_notes(notes, _CHUNK):
            part = slice(low, high)
            vectors[part], alone = self._encode_texts(texts[part])
            window, position = _surroundings(vectors[part], notes[part])
            inputs = {"window": window, "position": position, "heading": headings[part]}
            logits[part] = alone + self._context.run(None, inputs)[0]
        return EncoderOutput(vectors, logits)

    def _heading_numbers(self, sentences: pd.DataFrame) -> np.ndarray:
        unknown = len(self._headings)
        if "focus" not in sentences:
            return np.full(len(sentences), unknown, dtype=np.int64)
        return np.array([self._headings.get(name, unknown) for name in sentences["focus"]], dtype=np.int64)

    def _encode_texts(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Encode each distinct text once, in batches of like length."""
        distinct = {text: index for index, text in enumerate(dict.fromkeys(texts))}
        pieces = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(distinct))]
        vectors = np.empty((len(distinct), 384), dtype=np.float32)
        logits = np.empty((len(distinct), len(self.labels)), dtype=np.float32)
        order = sorted(range(len(pieces)), key=lambda index: len(pieces[index]))
        for rows in _batches(order, pieces):
            length = len(pieces[rows[-1]])
            ids = np.ones((len(rows), length), dtype=np.int64)  # 1 pads
            mask = np.zeros((len(rows), length), dtype=np.int32)
            for row, index in enumerate(rows):
                ids[row, : len(pieces[index])] = pieces[index]
                mask[row, : len(pieces[index])] = 1
            vectors[rows], logits[rows] = self._encoder.run(["vectors", "logits"], {"ids": ids, "mask": mask})
        back = [distinct[text] for text in texts]
        return vectors[back], logits[back]


def _session(path: Path, threads: int | None) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # lengths differ from batch to batch
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _whole_notes(notes: Sequence[str], size: int) -> Iterator[tuple[int, int]]:
    """Cut rows into ranges of about `size` that never part a note."""
    low = 0
    while low < len(notes):
        high = min(low + size, len(notes))
        while high < len(notes) and notes[high] == notes[high - 1]:
            high += 1
        yield low, high
        low = high


def _batches(order: Sequence[int], pieces: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Group row numbers, sorted by length, into batches of at most ``_BATCH_TOKENS`` padded tokens."""
    batch: list[int] = []
    for index in order:
        if batch and (len(batch) + 1) * len(pieces[index]) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _surroundings(vectors: np.ndarray, notes: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Put each sentence's own vector, the two before, the one after and the note's mean side by side.

    Returns
    -------
    tuple of numpy.ndarray
        float32 [n, 5 * 384], and float32 [n, 2]: how many sentences come before and after in the
        note, in tens.
    """
    n, width = vectors.shape
    changes = np.array([i == 0 or notes[i] != notes[i - 1] for i in range(n)], dtype=bool)
    first = np.flatnonzero(changes)
    sizes = np.diff(np.append(first, n))
    start, size = np.repeat(first, sizes), np.repeat(sizes, sizes)
    place = np.arange(n) - start
    window = np.zeros((n, 5, width), dtype=np.float32)
    window[:, 0] = vectors
    for slot, step in ((1, -1), (2, -2), (3, 1)):
        inside = (place + step >= 0) & (place + step < size)
        window[inside, slot] = vectors[np.flatnonzero(inside) + step]
    mean = np.add.reduceat(vectors, first, axis=0) / sizes[:, None].astype(np.float32)
    window[:, 4] = np.repeat(mean, sizes, axis=0)
    position = np.stack([place, size - 1 - place], axis=1).astype(np.float32) / 10
    return window.reshape(n, 5 * width), position
