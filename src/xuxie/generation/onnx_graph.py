"""BertForMaskedLM over a cache as an ONNX graph, built from the weights in memory.

    graph = build_graph(weights, "int8-rows")     # graph.model is what onnxruntime.InferenceSession takes

One graph does both: a prefill, whose rows see each other as `bias` says, and a step, whose rows are written
behind those of the cache. Attention is ONNX Runtime's GroupQueryAttention, which writes into the cache it
reads where both are bound to the same memory. It reads a source both ways when it is not causal, and takes
chunks of several windows when it is: hence two branches.

inputs   embedded  float [n, r, hidden]    sums of the embeddings, before their LayerNorm
         last      int32 [n]               the last row of each cache once the new ones are in it
         counts    int32 [n]               real rows among the new ones; 0 leaves a cache as it is
         capacity  int32 [1]               rows of a cache, or those of a prefill
         prefill   bool []
         bias      float [1 or n, 1, r, capacity]   added to the attention scores: 0, or HIDDEN
         outputs   int64 [m]               rows whose logits are wanted, of the n * r
         keys_0, values_0, …               the caches [n, heads, capacity, head size]
outputs  logits    float [m, vocabulary];  new_keys_0, new_values_0, …   the same memory as the caches
"""

from typing import Any

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper

from xuxie.bert_weights import EMBEDDINGS, HEAD, Array, BertWeights, layer_name
from xuxie.generation.onnx_nodes import MICROSOFT, Graph, Nodes
from xuxie.generation.onnx_products import Arithmetic, Products
from xuxie.generation.quantising import TINY

HIDDEN = np.float32(-1e30)
CACHE_RANGE = 12.0  # standard deviations of keys and values that an int8 cache holds; beyond, it saturates


def build_graph(weights: BertWeights, arithmetic: Arithmetic) -> Graph:
    """The graph. `weights` are read one after the other, so no second copy is held."""
    return GraphBuilder(weights, arithmetic).build()


class GraphBuilder:
    """Adds what BERT computes; a method that adds a computation gives the name of its result."""

    def __init__(self, weights: BertWeights, arithmetic: Arithmetic) -> None:
        self.weights, self.shape = weights, weights.shape
        self.nodes = Nodes("decoder")
        self.products = Products(self.nodes, arithmetic)
        self.whole = arithmetic != "fp32"  # whether the caches hold whole numbers
        self.cache_type = TensorProto.INT8 if self.whole else TensorProto.FLOAT

    def build(self) -> Graph:
        """The whole graph."""
        self._inputs()
        hidden = self._norm("embedded", f"{EMBEDDINGS}.LayerNorm")
        for number in range(self.shape.num_hidden_layers):
            hidden = self._layer(hidden, number)
        hidden = self._gelu(hidden, f"{HEAD}.transform.dense")
        hidden = self._norm(hidden, f"{HEAD}.transform.LayerNorm")
        words = self.weights(f"{EMBEDDINGS}.word_embeddings.weight")
        self.products.biased(hidden, words, self.weights(f"{HEAD}.bias"), outputs=["logits"])
        self.nodes.output("logits", TensorProto.FLOAT, 2)
        return self.nodes.graph()

    def _inputs(self) -> None:
        sizes: dict[str, tuple[int, list[str | int]]] = {
            "embedded": (TensorProto.FLOAT, ["n", "r", self.shape.hidden_size]),
            "last": (TensorProto.INT32, ["n"]),
            "counts": (TensorProto.INT32, ["n"]),
            "capacity": (TensorProto.INT32, [1]),
            "prefill": (TensorProto.BOOL, []),
            "bias": (TensorProto.FLOAT, ["b", 1, "r", "t"]),
            "outputs": (TensorProto.INT64, ["m"]),
        }
        for name, (kind, size) in sizes.items():
            self.nodes.input(name, kind, size)

    def _layer(self, hidden: str, number: int) -> str:
        name = layer_name(number)
        context, units = self._attention(hidden, number)
        if number == self.shape.num_hidden_layers - 1:  # nobody looks at the other rows any more
            flat = self.nodes.once("flat", np.array([-1, self.shape.hidden_size]))
            context, hidden = (self.nodes.add("Reshape", [rows, flat]) for rows in (context, hidden))
            context, hidden = (self.nodes.add("Gather", [rows, "outputs"]) for rows in (context, hidden))
        hidden = self._add_and_norm(context, hidden, f"{name}.attention.output", units)
        inner = self._gelu(hidden, f"{name}.intermediate.dense")
        return self._add_and_norm(inner, hidden, f"{name}.output")

    def _attention(self, hidden: str, number: int) -> tuple[str, Array | None]:
        """What the rows see, in units of what is given beside it, [hidden] (None: of one)."""
        parts = [f"{layer_name(number)}.attention.self.{part}" for part in ("query", "key", "value")]
        weight, bias = (
            self.weights.joined([f"{part}.{kind}" for part in parts]) for kind in ("weight", "bias")
        )
        values = None
        if self.whole:
            _, keys, values = np.split(self._cache_steps(number, weight, bias), 3)
            units = np.concatenate([1 / keys, keys, values])
            weight, bias = weight / units[:, None], bias / units
        projected = self.products.biased(hidden, weight, bias)
        caches = [f"keys_{number}", f"values_{number}"]
        size: list[str | int] = ["n", self.shape.num_attention_heads, "t", self.shape.head_size]
        for cache in caches:
            self.nodes.input(cache, self.cache_type, size)
            self.nodes.output(f"new_{cache}", self.cache_type, 4)
        results = [f"context_{number}", *(f"new_{cache}" for cache in caches)]
        branches = {
            "then_branch": self._prefill(projected, results),
            "else_branch": self._step(projected, caches, results),
        }
        return self.nodes.add("If", ["prefill"], outputs=results, **branches), values

    def _prefill(self, projected: str, results: list[str]) -> GraphProto:
        """Rows that see each other as `bias` says, exactly: keys and values are rounded behind it."""
        names = [f"prefill_{result}" for result in results]
        made = [names[0], *(f"exact_{name}" for name in names[1:])] if self.whole else names
        inputs = [projected, "", "", "", "", "last", "capacity", "", "", "", "bias"]
        nodes = [self._attend(inputs, made, causal=0)]
        if self.whole:
            rounding = [self.nodes.once("one", np.float32(1)), self.nodes.once("middle", np.int8(0))]
            nodes += [
                helper.make_node("QuantizeLinear", [exact, *rounding], [name])
                for exact, name in zip(made[1:], names[1:], strict=True)
            ]
        return self._branch(nodes, names)

    def _step(self, projected: str, caches: list[str], results: list[str]) -> GraphProto:
        """Rows that see the cache, and each other as `bias` says; they are written behind it, in place."""
        names = [f"step_{result}" for result in results]
        shared = [projected, "", "", *caches, "last", "capacity", "", "", "", "bias"]
        if not self.whole:
            return self._branch(
                [self._attend([*shared, "", "", "", "", "", "counts"], names, causal=1)], names
            )
        unit = self.nodes.once("unit", np.ones(1, np.float32))
        kinds = {"kv_cache_bit_width": 8, "k_quant_type": "PER_TENSOR", "v_quant_type": "PER_TENSOR"}
        inputs = [*shared, "", unit, unit, "", "", "counts"]
        return self._branch([self._attend(inputs, names, causal=1, **kinds)], names)

    def _attend(self, inputs: list[str], outputs: list[str], **attributes: Any) -> NodeProto:
        heads = self.shape.num_attention_heads
        return helper.make_node(
            "GroupQueryAttention",
            inputs,
            outputs,
            domain=MICROSOFT,
            num_heads=heads,
            kv_num_heads=heads,
            **attributes,
        )

    def _branch(self, nodes: list[NodeProto], names: list[str]) -> GraphProto:
        kinds = [TensorProto.FLOAT, self.cache_type, self.cache_type]
        outputs = [helper.make_tensor_value_info(n, k, None) for n, k in zip(names, kinds, strict=True)]
        return helper.make_graph(nodes, names[0], [], outputs)

    def _cache_steps(self, number: int, weight: Array, bias: Array) -> Array:
        """How large a step of an int8 cache is for each row of a weight.

        The rows that a layer projects come from a LayerNorm, which fixes their mean and spread.
        """
        before = f"{EMBEDDINGS}.LayerNorm" if not number else f"{layer_name(number - 1)}.output.LayerNorm"
        mean = weight @ self.weights(f"{before}.bias") + bias
        spread = np.sqrt(np.square(weight) @ np.square(self.weights(f"{before}.weight")))
        steps: Array = np.maximum((np.abs(mean) + CACHE_RANGE * spread) / np.float32(127), TINY)
        return steps

    def _gelu(self, rows: str, name: str) -> str:
        product = self.products.plain(rows, self.weights(f"{name}.weight"))
        bias = self.nodes.constant("bias", self.weights(f"{name}.bias"))
        return self.nodes.add("BiasGelu", [product, bias], domain=MICROSOFT)

    def _add_and_norm(self, rows: str, residual: str, name: str, units: Array | None = None) -> str:
        weight, bias = (self.weights(f"{name}.dense.{part}") for part in ("weight", "bias"))
        if units is not None:
            weight *= units
        product = self.products.biased(rows, weight, bias, narrow=True)
        return self._norm(self.nodes.add("Add", [product, residual]), f"{name}.LayerNorm")

    def _norm(self, rows: str, name: str) -> str:
        norm = [self.nodes.constant("norm", self.weights(f"{name}.{part}")) for part in ("weight", "bias")]
        return self.nodes.add("LayerNormalization", [rows, *norm], epsilon=self.shape.layer_norm_eps)
