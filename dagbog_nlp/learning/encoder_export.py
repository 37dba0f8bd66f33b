"""Write a trained encoder as two ONNX graphs and a small tokenizer.

Matrices of the transformer become 8-bit blocks and the piece table 8-bit rows. Activations are quantised
row by row at run time, so that a sentence's result does not depend on its neighbours in a batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dagbog_nlp.coding.encoder import CONTEXT_FILE, ENCODER_FILE, TOKENIZER_FILE
from dagbog_nlp.learning.encoder_network import EPSILON, HEADS, LAYERS, WIDTH

if TYPE_CHECKING or find_spec("onnx"):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

MAX_TOKENS = 128
_MICROSOFT = "com.microsoft"


class _Graph:
    """Collects nodes and constants of one ONNX graph."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(
        self,
        kind: str,
        inputs: Sequence[str],
        output: str | Sequence[str],
        *,
        own: bool = False,
        **settings: Any,
    ) -> str:
        outputs = [output] if isinstance(output, str) else list(output)
        domain = _MICROSOFT if own else ""
        self.nodes.append(helper.make_node(kind, list(inputs), outputs, domain=domain, **settings))
        return outputs[0]

    def linear(self, source: str, matrix: np.ndarray, output: str, *, block: int) -> str:
        """Multiply by a matrix [out, in] in 8-bit blocks; `block` 0 keeps it in float."""
        if not block:
            return self.node("MatMul", [source, self.constant(f"{output}.matrix", matrix.T)], output)
        n_out, n_in = matrix.shape
        blocks = matrix.reshape(n_out, n_in // block, block)
        scale = np.maximum(np.abs(blocks).max(axis=2), 1e-12) / 127
        quantised = (np.round(blocks / scale[..., None]) + 128).astype(np.uint8)
        inputs = [
            source,
            self.constant(f"{output}.blocks", quantised),
            self.constant(f"{output}.scales", scale.astype(np.float32)),
        ]
        return self.node(
            "MatMulNBits",
            inputs,
            output,
            own=True,
            K=n_in,
            N=n_out,
            bits=8,
            block_size=block,
            accuracy_level=4,
        )

    def save(
        self, path: Path, inputs: Sequence[Any], outputs: Sequence[Any], facts: Mapping[str, str]
    ) -> None:
        graph = helper.make_graph(self.nodes, path.stem, list(inputs), list(outputs), self.constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(_MICROSOFT, 1)],
            ir_version=9,
            producer_name="dagbog_nlp",
        )
        helper.set_model_props(model, dict(facts))
        onnx.save(model, str(path))


def write_encoder(
    folder: str | Path,
    weights: Mapping[str, np.ndarray],
    tokenizer: Mapping[str, Any],
    kept: Sequence[int],
    *,
    labels: Sequence[str],
    headings: Sequence[str],
    block: int = 64,
) -> None:
    """Write ``encoder.onnx``, ``encoder_context.onnx`` and ``tokenizer.json``.

    Parameters
    ----------
    weights
        Arrays by the names of :func:`~dagbog_nlp.learning.encoder_network.initial_weights`.
    tokenizer, kept
        What :func:`~dagbog_nlp.learning.encoder_pieces.prune_tokenizer` returned.
    labels, headings
        Code paths of the log odds; headings in the order of their numbers.
    block
        Weights that share one scale; 0 writes a float model, to compare with.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "labels": json.dumps(list(labels), ensure_ascii=False),
        "headings": json.dumps(list(headings), ensure_ascii=False),
        "max_tokens": str(MAX_TOKENS),
    }
    _encoder_graph(folder / ENCODER_FILE, weights, kept, n_labels=len(labels), facts=facts, block=block)
    _context_graph(folder / CONTEXT_FILE, weights, len(labels), facts)
    content = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
    (folder / TOKENIZER_FILE).write_text(content, "utf-8")


def _encoder_graph(
    path: Path,
    weights: Mapping[str, np.ndarray],
    kept: Sequence[int],
    *,
    n_labels: int,
    facts: Mapping[str, str],
    block: int,
) -> None:
    graph = _Graph()
    _embed(graph, weights, kept, quantised=bool(block))
    tokens = "tokens"
    for layer in range(LAYERS):
        tokens = _layer(graph, weights, layer, tokens, block)
    graph.node("Cast", ["mask"], "present", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["present", graph.constant("last", np.array([2]))], "column")
    graph.constant("middle", np.array([1]))
    graph.node(
        "ReduceSum", [graph.node("Mul", [tokens, "column"], "kept_tokens"), "middle"], "sum", keepdims=0
    )
    graph.node("Div", ["sum", graph.node("ReduceSum", ["present", "middle"], "count")], "vectors")
    graph.linear(tokens, weights["head.look.weight"], "look", block=0)
    graph.node("Sub", ["column", graph.constant("one", np.ones(1, np.float32))], "absent")
    graph.node("Mul", ["absent", graph.constant("far", np.full(1, 1e9, np.float32))], "away")
    graph.node("Softmax", [graph.node("Add", ["look", "away"], "looks")], "attention", axis=1)
    graph.linear(tokens, weights["head.say.weight"], "say", block=0)
    graph.node("ReduceSum", [graph.node("Mul", ["attention", "say"], "says"), "middle"], "said", keepdims=0)
    graph.linear("vectors", weights["head.mean.weight"], "mean", block=0)
    graph.node("Add", ["mean", graph.constant("mean.bias", weights["head.mean.bias"])], "means")
    graph.node("Add", ["means", "said"], "logits")
    value = helper.make_tensor_value_info
    graph.save(
        path,
        [value("ids", TensorProto.INT64, ["n", "length"]), value("mask", TensorProto.INT32, ["n", "length"])],
        [
            value("vectors", TensorProto.FLOAT, ["n", WIDTH]),
            value("logits", TensorProto.FLOAT, ["n", n_labels]),
        ],
        facts,
    )


def _embed(graph: _Graph, weights: Mapping[str, np.ndarray], kept: Sequence[int], *, quantised: bool) -> None:
    table = np.asarray(weights["pieces"])[list(kept)].astype(np.float32)
    if quantised:
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
        graph.constant("pieces", np.round(table / scale).astype(np.int8))
        graph.node("Gather", ["pieces", "ids"], "bytes")
        graph.node("Cast", ["bytes"], "steps", to=TensorProto.FLOAT)
        graph.constant("piece_scales", scale.astype(np.float32))
        graph.node("Gather", ["piece_scales", "ids"], "piece_scale")
        graph.node("Mul", ["steps", "piece_scale"], "piece")
    else:
        graph.node("Gather", [graph.constant("pieces", table), "ids"], "piece")
    graph.node("Shape", ["ids"], "length", start=1, end=2)
    graph.constant("places", np.asarray(weights["places"])[:MAX_TOKENS])
    graph.node("Slice", ["places", graph.constant("begin", np.array([0])), "length"], "place")
    graph.node("Add", ["piece", "place"], "placed")
    scale_name = graph.constant("norm.weight", weights["norm.weight"])
    shift_name = graph.constant("norm.bias", weights["norm.bias"])
    graph.node("LayerNormalization", ["placed", scale_name, shift_name], "tokens", epsilon=EPSILON)


def _layer(graph: _Graph, weights: Mapping[str, np.ndarray], layer: int, tokens: str, block: int) -> str:
    name = f"layer.{layer}"

    def constant(part: str) -> str:
        return graph.constant(f"{name}.{part}", weights[f"{name}.{part}"])

    def linear(source: str, part: str) -> str:
        return graph.linear(source, weights[f"{name}.{part}.weight"], f"{name}.{part}", block=block)

    def added(update: str, before: str, part: str, norm: str) -> str:
        inputs = [
            update,
            before,
            constant(f"{norm}.weight"),
            constant(f"{norm}.bias"),
            constant(f"{part}.bias"),
        ]
        return graph.node("SkipLayerNormalization", inputs, f"{name}.{norm}", own=True, epsilon=EPSILON)

    packed = graph.node("Add", [linear(tokens, "qkv"), constant("qkv.bias")], f"{name}.packed")
    split = [f"{name}.query", f"{name}.key", f"{name}.value"]
    graph.node("Split", [packed], split, axis=2, num_outputs=3)
    attended = f"{name}.attended"
    graph.node("MultiHeadAttention", [*split, "", "mask"], attended, own=True, num_heads=HEADS)
    middle = added(linear(attended, "out"), tokens, "out", "norm1")
    inner = graph.node("BiasGelu", [linear(middle, "up"), constant("up.bias")], f"{name}.inner", own=True)
    return added(linear(inner, "down"), middle, "down", "norm2")


def _context_graph(
    path: Path, weights: Mapping[str, np.ndarray], n_labels: int, facts: Mapping[str, str]
) -> None:
    graph = _Graph()
    graph.node(
        "Gather", [graph.constant("headings", weights["context.heading"]), "heading"], "heading_vector"
    )
    graph.node("Concat", ["window", "heading_vector", "position"], "surroundings", axis=1)
    graph.linear("surroundings", weights["context.up.weight"], "up", block=0)
    graph.node("BiasGelu", ["up", graph.constant("up.bias", weights["context.up.bias"])], "hidden", own=True)
    graph.linear("hidden", weights["context.down.weight"], "down", block=0)
    graph.node("Add", ["down", graph.constant("down.bias", weights["context.down.bias"])], "logits")
    value = helper.make_tensor_value_info
    window = weights["context.up.weight"].shape[1] - weights["context.heading"].shape[1] - 2
    graph.save(
        path,
        [
            value("window", TensorProto.FLOAT, ["n", window]),
            value("position", TensorProto.FLOAT, ["n", 2]),
            value("heading", TensorProto.INT64, ["n"]),
        ],
        [value("logits", TensorProto.FLOAT, ["n", n_labels])],
        facts,
    )
