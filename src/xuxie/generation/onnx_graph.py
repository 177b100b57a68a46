"""BertForMaskedLM over a cache as an ONNX graph, built from the weights in memory.

    model = build_graph(weights, "int8-rows")     # what onnxruntime.InferenceSession takes

One graph does both: a prefill, whose rows see each other as `bias` says, and a step, whose rows are written
behind those of the cache. Attention is ONNX Runtime's GroupQueryAttention, which writes into the cache it
reads where both are bound to the same memory.

inputs   embedded  float [n * r, hidden]   sums of the embeddings, before their LayerNorm
         window    int64 [3]               n, r, 3 * hidden
         last      int32 [n]               the last row of each cache once the new ones are in it
         counts    int32 [n]               real rows among the new ones; 0 leaves a cache as it is
         capacity  int32 [1]               rows of a cache, or those of a prefill
         prefill   bool []
         bias      float [1 or n, 1, r, capacity]   added to the attention scores: 0, or HIDDEN
         outputs   int64 [m]               rows whose logits are wanted, of the n * r
         keys_0, values_0, …               the caches [n, heads, capacity, head size]
outputs  logits    float [m, vocabulary];  new_keys_0, new_values_0, …   the same memory as the caches
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from xuxie.bert_weights import EMBEDDINGS, HEAD, Array, BertWeights, layer_name

# fp32: as it is.
# int8-blocks: weights and activations are scaled per block of BLOCKS; the fastest where there are few rows.
# int8-rows: weights are scaled per channel and activations per row, for many rows: its cache is int8 too.
#   Sums of integers are exact, so a row's numbers do not depend on what is computed beside it.
Arithmetic = Literal["fp32", "int8-rows", "int8-blocks"]
BLOCKS = (256, 128, 64, 32)
MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators
HIDDEN = -1e30
TINY = float(np.finfo(np.float32).tiny)  # a row of zeros is divided by it
CACHE_RANGE = 12.0  # standard deviations of keys and values that an int8 cache holds; beyond, it saturates


def build_graph(weights: BertWeights, arithmetic: Arithmetic) -> bytes:
    """The graph, serialised. `weights` are read one after the other, so no second copy is held."""
    return GraphBuilder(weights, arithmetic).build()


class GraphBuilder:
    """Adds nodes and initializers; a method that adds a computation gives the name of its result."""

    def __init__(self, weights: BertWeights, arithmetic: Arithmetic) -> None:
        self.weights, self.shape, self.arithmetic = weights, weights.shape, arithmetic
        self.graph = onnx.GraphProto(name="decoder")
        self.cache_type = TensorProto.INT8 if arithmetic == "int8-rows" else TensorProto.FLOAT

    def build(self) -> bytes:
        """The whole graph."""
        self._inputs()
        hidden = self._norm("embedded", f"{EMBEDDINGS}.LayerNorm")
        for number in range(self.shape.num_hidden_layers):
            hidden = self._layer(hidden, number)
        hidden = self._gelu(hidden, f"{HEAD}.transform.dense")
        hidden = self._norm(hidden, f"{HEAD}.transform.LayerNorm")
        product = self._product(hidden, self.weights(f"{EMBEDDINGS}.word_embeddings.weight"))
        bias = self._constant("bias", self.weights(f"{HEAD}.bias"))
        self._node("Add", [product, bias], outputs=["logits"])
        self._output("logits", TensorProto.FLOAT, 2)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(self.graph, opset_imports=opsets, ir_version=10)
        serialised: bytes = model.SerializeToString()
        return serialised

    def _inputs(self) -> None:
        sizes: dict[str, tuple[int, list[str | int]]] = {
            "embedded": (TensorProto.FLOAT, ["rows", self.shape.hidden_size]),
            "window": (TensorProto.INT64, [3]),
            "last": (TensorProto.INT32, ["n"]),
            "counts": (TensorProto.INT32, ["n"]),
            "capacity": (TensorProto.INT32, [1]),
            "prefill": (TensorProto.BOOL, []),
            "bias": (TensorProto.FLOAT, ["b", 1, "r", "t"]),
            "outputs": (TensorProto.INT64, ["m"]),
        }
        for name, (kind, size) in sizes.items():
            self.graph.input.append(helper.make_tensor_value_info(name, kind, size))

    def _layer(self, hidden: str, number: int) -> str:
        name = layer_name(number)
        context = self._attention(hidden, number)
        if number == self.shape.num_hidden_layers - 1:  # nobody looks at the other rows any more
            context, hidden = (self._node("Gather", [rows, "outputs"]) for rows in (context, hidden))
        hidden = self._add_and_norm(context, hidden, f"{name}.attention.output")
        inner = self._gelu(hidden, f"{name}.intermediate.dense")
        return self._add_and_norm(inner, hidden, f"{name}.output")

    def _attention(self, hidden: str, number: int) -> str:
        parts = [f"{layer_name(number)}.attention.self.{part}" for part in ("query", "key", "value")]
        product = self._product(hidden, self.weights.joined([f"{part}.weight" for part in parts]))
        bias = self._constant("bias", self.weights.joined([f"{part}.bias" for part in parts]))
        projected = self._node("Reshape", [self._node("Add", [product, bias]), "window"])
        caches = [f"keys_{number}", f"values_{number}"]
        size: list[str | int] = ["n", self.shape.num_attention_heads, "t", self.shape.head_size]
        for cache in caches:
            self.graph.input.append(helper.make_tensor_value_info(cache, self.cache_type, size))
            self._output(f"new_{cache}", self.cache_type, 4)
        results = [f"context_{number}", *(f"new_{cache}" for cache in caches)]
        scales = ["", ""]
        if self.cache_type == TensorProto.INT8:
            scales = [self._cache_scale(number, part) for part in ("key", "value")]
        shared = [projected, "", "", *caches, "last", "capacity", "", "", "", "bias", "", *scales]
        prefill = self._branch(shared, results, causal=False)
        step = self._branch([*shared, "", "", "counts"], results, causal=True)
        self._node("If", ["prefill"], outputs=results, then_branch=prefill, else_branch=step)
        return self._node(
            "Reshape", [results[0], self._once("flat", np.array([-1, self.shape.hidden_size]))]
        )

    def _branch(self, inputs: list[str], results: list[str], *, causal: bool) -> onnx.GraphProto:
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

    def _cache_scale(self, number: int, part: str) -> str:
        """How large a step of the int8 cache is, per channel [1, heads, 1, head size].

        The projected rows come from a LayerNorm, which fixes their mean and spread.
        """
        before = f"{EMBEDDINGS}.LayerNorm" if not number else f"{layer_name(number - 1)}.output.LayerNorm"
        projection = f"{layer_name(number)}.attention.self.{part}"
        weight, bias = self.weights(f"{projection}.weight"), self.weights(f"{projection}.bias")
        mean = weight @ self.weights(f"{before}.bias") + bias
        spread = np.linalg.norm(weight * self.weights(f"{before}.weight"), axis=1)
        scale = (np.abs(mean) + CACHE_RANGE * spread) / 127
        size = (1, self.shape.num_attention_heads, 1, self.shape.head_size)
        return self._constant(f"{part}_scale_{number}", scale.astype(np.float32).reshape(size))

    def _product(self, rows: str, weight: Array) -> str:
        match self.arithmetic:
            case "fp32":
                return self._node("MatMul", [rows, self._constant("weight", weight.T)])
            case "int8-rows":
                return self._product_by_rows(rows, weight)
            case "int8-blocks":
                return self._product_by_blocks(rows, weight)

    def _product_by_rows(self, rows: str, weight: Array) -> str:
        """Each row is divided by its largest number, quantised, multiplied, and scaled again."""
        scale = np.maximum(np.abs(weight).max(axis=1), TINY) / 127
        quantised = np.rint(weight / scale[:, None]).astype(np.int8)
        step, zero = self._once("step", np.float32(1 / 127)), self._once("zero", np.uint8(128))
        across, tiny = self._once("across", np.array([-1])), self._once("tiny", np.float32(TINY))
        largest = self._node("ReduceMax", [self._node("Abs", [rows]), across], keepdims=1)
        largest = self._node("Max", [largest, tiny])
        integers = self._node("QuantizeLinear", [self._node("Div", [rows, largest]), step, zero])
        inputs = [
            integers,
            self._constant("weight", quantised.T),
            step,
            self._constant("scale", scale),
            zero,
        ]
        product = self._node("MatMulIntegerToFloat", inputs, domain=MICROSOFT)
        return self._node("Mul", [product, largest])

    def _product_by_blocks(self, rows: str, weight: Array) -> str:
        n, k = weight.shape
        block = next((size for size in BLOCKS if k % size == 0), BLOCKS[-1])
        padded = np.pad(weight, ((0, 0), (0, -k % block))).reshape(n, -1, block)
        scale = np.maximum(np.abs(padded).max(axis=2), TINY) / 127
        quantised = (np.rint(padded / scale[:, :, None]) + 128).astype(np.uint8)
        inputs = [rows, self._constant("weight", quantised), self._constant("scale", scale)]
        sizes = {"K": k, "N": n, "bits": 8, "block_size": block, "accuracy_level": 4}
        return self._node("MatMulNBits", inputs, domain=MICROSOFT, **sizes)

    def _gelu(self, rows: str, name: str) -> str:
        product = self._product(rows, self.weights(f"{name}.weight"))
        bias = self._constant("bias", self.weights(f"{name}.bias"))
        return self._node("BiasGelu", [product, bias], domain=MICROSOFT)

    def _add_and_norm(self, rows: str, residual: str, name: str) -> str:
        product = self._product(rows, self.weights(f"{name}.dense.weight"))
        norm = [
            self._constant("norm", self.weights(f"{name}.LayerNorm.{part}")) for part in ("weight", "bias")
        ]
        bias = self._constant("bias", self.weights(f"{name}.dense.bias"))
        inputs = [product, residual, *norm, bias]
        epsilon = self.shape.layer_norm_eps
        return self._node("SkipLayerNormalization", inputs, domain=MICROSOFT, epsilon=epsilon)

    def _norm(self, rows: str, name: str) -> str:
        norm = [self._constant("norm", self.weights(f"{name}.{part}")) for part in ("weight", "bias")]
        return self._node("LayerNormalization", [rows, *norm], epsilon=self.shape.layer_norm_eps)

    def _node(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        outputs: Sequence[str] = (),
        domain: str = "",
        **attributes: Any,
    ) -> str:
        outputs = outputs or [f"{operator}_{len(self.graph.node)}"]
        self.graph.node.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        name = f"{name}_{len(self.graph.initializer)}"
        self.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def _once(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """A constant that many nodes share."""
        if name not in (tensor.name for tensor in self.graph.initializer):
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _output(self, name: str, kind: int, dimensions: int) -> None:
        size = [f"{name}_{i}" for i in range(dimensions)]
        self.graph.output.append(helper.make_tensor_value_info(name, kind, size))
