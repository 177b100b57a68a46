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
from onnx import GraphProto, TensorProto, helper

from xuxie.bert_weights import EMBEDDINGS, HEAD, Array, BertWeights, layer_name
from xuxie.generation.onnx_nodes import MICROSOFT, Graph, Nodes
from xuxie.generation.onnx_products import Arithmetic, Products

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
        self.cache_type = TensorProto.FLOAT if arithmetic == "fp32" else TensorProto.INT8

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
        context = self._attention(hidden, number)
        if number == self.shape.num_hidden_layers - 1:  # nobody looks at the other rows any more
            flat = self.nodes.once("flat", np.array([-1, self.shape.hidden_size]))
            context, hidden = (self.nodes.add("Reshape", [rows, flat]) for rows in (context, hidden))
            context, hidden = (self.nodes.add("Gather", [rows, "outputs"]) for rows in (context, hidden))
        hidden = self._add_and_norm(context, hidden, f"{name}.attention.output")
        inner = self._gelu(hidden, f"{name}.intermediate.dense")
        return self._add_and_norm(inner, hidden, f"{name}.output")

    def _attention(self, hidden: str, number: int) -> str:
        parts = [f"{layer_name(number)}.attention.self.{part}" for part in ("query", "key", "value")]
        weight, bias = (
            self.weights.joined([f"{part}.{kind}" for part in parts]) for kind in ("weight", "bias")
        )
        projected = self.products.biased(hidden, weight, bias)
        caches = [f"keys_{number}", f"values_{number}"]
        size: list[str | int] = ["n", self.shape.num_attention_heads, "t", self.shape.head_size]
        for cache in caches:
            self.nodes.input(cache, self.cache_type, size)
            self.nodes.output(f"new_{cache}", self.cache_type, 4)
        results = [f"context_{number}", *(f"new_{cache}" for cache in caches)]
        scales = ["", ""]
        if self.cache_type == TensorProto.INT8:
            quantised = zip(np.split(weight, 3)[1:], np.split(bias, 3)[1:], strict=True)
            scales = [self._cache_scale(number, *part) for part in quantised]
        shared = [projected, "", "", *caches, "last", "capacity", "", "", "", "bias", "", *scales]
        prefill = self._branch(shared, results, causal=False)
        step = self._branch([*shared, "", "", "counts"], results, causal=True)
        return self.nodes.add("If", ["prefill"], outputs=results, then_branch=prefill, else_branch=step)

    def _branch(self, inputs: list[str], results: list[str], *, causal: bool) -> GraphProto:
        heads = self.shape.num_attention_heads
        quantised: dict[str, Any] = {
            "kv_cache_bit_width": 8,
            "k_quant_type": "PER_CHANNEL",
            "v_quant_type": "PER_CHANNEL",
        }
        names = [f"{'step' if causal else 'prefill'}_{result}" for result in results]
        node = helper.make_node(
            "GroupQueryAttention",
            inputs,
            names,
            domain=MICROSOFT,
            num_heads=heads,
            kv_num_heads=heads,
            causal=int(causal),
            **(quantised if self.cache_type == TensorProto.INT8 else {}),
        )
        kinds = [TensorProto.FLOAT, self.cache_type, self.cache_type]
        outputs = [helper.make_tensor_value_info(n, k, None) for n, k in zip(names, kinds, strict=True)]
        return helper.make_graph([node], names[0], [], outputs)

    def _cache_scale(self, number: int, weight: Array, bias: Array) -> str:
        """How large a step of the int8 cache is, per channel [1, heads, 1, head size].

        The rows that a layer projects come from a LayerNorm, which fixes their mean and spread.
        """
        before = f"{EMBEDDINGS}.LayerNorm" if not number else f"{layer_name(number - 1)}.output.LayerNorm"
        mean = weight @ self.weights(f"{before}.bias") + bias
        spread = np.sqrt(np.square(weight) @ np.square(self.weights(f"{before}.weight")))
        scale = (np.abs(mean) + CACHE_RANGE * spread) / 127
        size = (1, self.shape.num_attention_heads, 1, self.shape.head_size)
        return self.nodes.constant("scale", scale.astype(np.float32).reshape(size))

    def _gelu(self, rows: str, name: str) -> str:
        product = self.products.plain(rows, self.weights(f"{name}.weight"))
        bias = self.nodes.constant("bias", self.weights(f"{name}.bias"))
        return self.nodes.add("BiasGelu", [product, bias], domain=MICROSOFT)

    def _add_and_norm(self, rows: str, residual: str, name: str) -> str:
        product = self.products.plain(rows, self.weights(f"{name}.dense.weight"))
        norm = [
            self.nodes.constant("norm", self.weights(f"{name}.LayerNorm.{part}"))
            for part in ("weight", "bias")
        ]
        bias = self.nodes.constant("bias", self.weights(f"{name}.dense.bias"))
        inputs = [product, residual, *norm, bias]
        epsilon = self.shape.layer_norm_eps
        return self.nodes.add("SkipLayerNormalization", inputs, domain=MICROSOFT, epsilon=epsilon)

    def _norm(self, rows: str, name: str) -> str:
        norm = [self.nodes.constant("norm", self.weights(f"{name}.{part}")) for part in ("weight", "bias")]
        return self.nodes.add("LayerNormalization", [rows, *norm], epsilon=self.shape.layer_norm_eps)
