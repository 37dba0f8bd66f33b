"""Train the sentence encoder from scratch and write the files that ship with the library.

``benchmarks/rebuild_encoder.py`` is the command. It needs the extra ``[train]``, a ``tokenizer.json`` of
multilingual-e5-small, and half an hour on one core with bfloat16 arithmetic. The steps: start from e5,
read each note's sentences, some in other styles, learn families, subcodes and keyword codes together,
keep the pieces that Danish uses, quantise.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from dagbog_nlp.coding.classifier import indicator
from dagbog_nlp.learning.encoder_augmentation import restyle
from dagbog_nlp.learning.encoder_export import MAX_TOKENS, write_encoder
from dagbog_nlp.learning.encoder_network import (
    LAYERS,
    Dropout,
    initial_weights,
    judge_alone,
    judge_in_note,
    read_sentences,
)
from dagbog_nlp.learning.encoder_pieces import danish_pieces, prune_tokenizer

if TYPE_CHECKING or find_spec("torch"):
    import torch
    from torch.nn import functional


@dataclass(frozen=True)
class EncoderSettings:
    """How the encoder is trained; the defaults are those of the shipped one.

    Attributes
    ----------
    epochs
        Times each sentence is read.
    batch
        Sentences of one step, in whole notes.
    rate, head_rate
        Learning rates of the top layer and of the new heads.
    decay
        Factor from each layer to the one below it.
    frozen
        Lower layers that stay as they are.
    dropout
        Share of values dropped in the transformer.
    restyled
        Share of sentences that are read in another style.
    no_heading
        Share of notes whose heading is hidden, so that notes without one are understood.
    seed
        Fixes everything random; results still differ between machines.
    """

    epochs: int = 3
    batch: int = 28
    rate: float = 3e-4
    head_rate: float = 3e-3
    decay: float = 0.9
    frozen: int = 4
    dropout: float = 0.1
    restyled: float = 0.35
    no_heading: float = 0.1
    seed: int = 1


@dataclass(frozen=True)
class _Note:
    texts: list[str]
    heading: int
    codes: np.ndarray  # float32 [n, n_labels]


def train_encoder(
    sentences: pd.DataFrame,
    tokenizer: Tokenizer,
    *,
    labels: Sequence[str],
    headings: Sequence[str],
    settings: EncoderSettings | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, np.ndarray]:
    """Fine-tune the encoder on coded sentences.

    Parameters
    ----------
    sentences
        Frame with ``note_id, focus, text, codes`` (a tuple of code paths), note after note.
    tokenizer
        That of multilingual-e5-small, with all pieces.
    labels
        Code paths to learn; keyword codes are those whose parent is not among them.
    headings
        Headings to tell apart.
    settings
        The defaults when None.
    progress
        Is told the loss every 50 steps.

    Returns
    -------
    dict
        Trained arrays, for :func:`~dagbog_nlp.learning.encoder_export.write_encoder`.
    """
    settings = settings or EncoderSettings()
    torch.manual_seed(settings.seed)
    chance = random.Random(settings.seed)  # noqa: S311 - style, not secrets
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    notes = _notes(sentences, labels, headings)
    weights = initial_weights(len(labels), len(headings), seed=settings.seed)
    share = np.concatenate([note.codes for note in notes]).mean(axis=0).clip(1e-3, 0.5)
    weights["head.mean.bias"] = torch.from_numpy(np.log(share / (1 - share)))
    groups = _parameter_groups(weights, settings)
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
    rates = [group["lr"] for group in optimizer.param_groups]
    trained = [tensor for group in groups for tensor in group["params"]]
    learner = _Learner(
        weights,
        tokenizer,
        *_label_weights(labels),
        settings,
        chance,
        Dropout(settings.dropout, seed=settings.seed),
    )
    dry_run = random.Random(settings.seed)  # noqa: S311
    steps = settings.epochs * sum(1 for _ in _batches(notes, settings.batch, dry_run))
    step, total, begun = 0, 0.0, time.perf_counter()
    for _ in range(settings.epochs):
        for batch in _batches(notes, settings.batch, chance):
            loss = learner.loss(batch)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * _schedule(step / steps)
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            total += float(loss.detach())
            if progress and step % 50 == 0:
                progress(
                    f"step {step} of {steps}, loss {total / 50:.4f}, {time.perf_counter() - begun:.0f} s"
                )
                total = 0.0
    return {name: tensor.detach().numpy() for name, tensor in weights.items()}


def _notes(sentences: pd.DataFrame, labels: Sequence[str], headings: Sequence[str]) -> list[_Note]:
    number = {name: index for index, name in enumerate(headings)}
    codes = indicator(sentences["codes"], labels).astype(np.float32)
    rows = sentences.reset_index(drop=True).groupby("note_id", sort=False)
    return [
        _Note(part["text"].tolist(), number.get(part["focus"].iloc[0], len(number)), codes[part.index])
        for _, part in rows
    ]


def _parameter_groups(weights: dict[str, torch.Tensor], settings: EncoderSettings) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for layer in range(settings.frozen, LAYERS):
        own = [weights[name].requires_grad_() for name in weights if name.startswith(f"layer.{layer}.")]
        groups.append({"params": own, "lr": settings.rate * settings.decay ** (LAYERS - 1 - layer)})
    new = [weights[name].requires_grad_() for name in weights if name.startswith(("head.", "context."))]
    return [*groups, {"params": new, "lr": settings.head_rate}]


def _label_weights(labels: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Weigh the labels in the loss, and a given code against one not given.

    Subcodes are rare; without much weight the encoder learns to tell families apart and little else.
    """
    families = [label for label in labels if "/" not in label]
    weights, positive = [], []
    for label in labels:
        if label in families:
            weights.append(1 / len(families))
            positive.append(2.0)
        else:
            of_family = label.split("/")[0] in families  # else a keyword code, whose parent is not learned
            weights.append(0.4 if of_family else 0.1)
            positive.append(4.0 if of_family else 2.0)
    return torch.tensor(weights), torch.tensor(positive)


def _batches(notes: Sequence[_Note], size: int, chance: random.Random) -> Iterator[list[_Note]]:
    order = list(notes)
    chance.shuffle(order)
    batch: list[_Note] = []
    for note in order:
        batch.append(note)
        if sum(len(other.texts) for other in batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch


def _schedule(done: float) -> float:
    """Warm up over the first 6 %, then fall along half a cosine."""
    warm = 0.06
    if done < warm:
        return max(done / warm, 0.01)
    return 0.02 + 0.49 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))


@dataclass(frozen=True)
class _Learner:
    """Everything that the loss of a batch depends on."""

    weights: dict[str, torch.Tensor]
    tokenizer: Tokenizer
    label_weights: torch.Tensor
    positive_weights: torch.Tensor
    settings: EncoderSettings
    chance: random.Random
    dropout: Dropout

    def loss(self, batch: Sequence[_Note]) -> torch.Tensor:
        """Loss of some notes: of the sentences in their notes, and of each sentence by itself."""
        settings, chance = self.settings, self.chance
        texts = [text for note in batch for text in note.texts]
        texts = [restyle(text, chance) if chance.random() < settings.restyled else text for text in texts]
        pieces = [encoding.ids for encoding in self.tokenizer.encode_batch(texts)]
        unknown = len(self.weights["context.heading"]) - 1
        headings = [unknown if chance.random() < settings.no_heading else note.heading for note in batch]
        codes = torch.from_numpy(np.concatenate([note.codes for note in batch]))
        tokens, row = read_sentences(self.weights, pieces, frozen=settings.frozen, dropout=self.dropout)
        vectors, alone = judge_alone(self.weights, tokens, row, len(texts))
        sizes = [len(note.texts) for note in batch]
        context = judge_in_note(self.weights, vectors, sizes, headings, training=True)
        return 0.6 * self._against(codes, alone + context) + 0.4 * self._against(codes, alone)

    def _against(self, codes: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        each = functional.binary_cross_entropy_with_logits(
            logits, codes, pos_weight=self.positive_weights, reduction="none"
        )
        return (each.mean(0) * self.label_weights).sum()


def export_encoder(
    folder: str | Path,
    weights: dict[str, np.ndarray],
    tokenizer_file: str | Path,
    texts: Iterable[str],
    words: Iterable[str],
    *,
    labels: Sequence[str],
    headings: Sequence[str],
) -> None:
    """Prune, quantise and write a trained encoder.

    `texts` and `words` decide which pieces are kept, see
    :func:`~dagbog_nlp.learning.encoder_pieces.danish_pieces`.
    """
    definition = json.loads(Path(tokenizer_file).read_text("utf-8"))
    kept = danish_pieces(Tokenizer.from_file(str(tokenizer_file)), texts, words)
    pruned, numbers = prune_tokenizer(definition, kept)
    write_encoder(folder, weights, pruned, numbers, labels=labels, headings=headings)
