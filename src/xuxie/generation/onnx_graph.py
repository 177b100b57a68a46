"""BertForMaskedLM over a cache as an ONNX graph, built from the weights in memory.

    graph = build_graph(weights, "int8-rows")     # graph.model is what onnxruntime.InferenceSession takes

The constants stand beside the model, as if in files of their own: serialised within it they would be copied
four times over.

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

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

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
HIDDEN = np.float32(-1e30)
TINY = float(np.finfo(np.float32).tiny)  # a row of zeros is divided by it
CACHE_RANGE = 12.0  # standard deviations of keys and values that an int8 cache holds; beyond, it saturates


class Graph(NamedTuple):
    """The graph, serialised, and its constants by the names of the external files it says they are in."""

    model: bytes
    constants: dict[str, NDArray[np.generic]]


def build_graph(weights: BertWeights, arithmetic: Arithmetic) -> Graph:
    """The graph. `weights` are read one after the other, so no second copy is held."""
    return GraphBuilder(weights, arithmetic).build()


class GraphBuilder:
    """Adds nodes and initializers; a method that adds a computation gives the name of its result."""

    def __init__(self, weights: BertWeights, arithmetic: Arithmetic) -> None:
        self.weights, self.shape, self.arithmetic = weights, weights.shape, arithmetic
        self.graph = onnx.GraphProto(name="decoder")
        self.constants: dict[str, NDArray[np.generic]] = {}
        self.cache_type = TensorProto.INT8 if arithmetic == "int8-rows" else TensorProto.FLOAT

    def build(self) -> Graph:
        """The whole graph."""
        self._inputs()
        hidden = self._norm("embedded", f"{EMBEDDINGS}.LayerNorm")
        for number in range(self.shape.num_hidden_layers):
            hidden = self._layer(hidden, number)
        hidden = self._gelu(hidden, f"{HEAD}.transform.dense")
        hidden = self._norm(hidden, f"{HEAD}.transform.LayerNorm")
        words = self.weights(f"{EMBEDDINGS}.word_embeddings.weight")
        self._product(hidden, words, self.weights(f"{HEAD}.bias"), outputs=["logits"])
        self._output("logits", TensorProto.FLOAT, 2)
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(self.graph, opset_imports=opsets, ir_version=10)
        return Graph(model.SerializeToString(), self.constants)

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
            self.graph.input.append(helper.make_tensor_value_info(name, kind, size))

    def _layer(self, hidden: str, number: int) -> str:
        name = layer_name(number)
        context = self._attention(hidden, number)
        if number == self.shape.num_hidden_layers - 1:  # nobody looks at the other rows any more
            flat = self._once("flat", np.array([-1, self.shape.hidden_size]))
            context, hidden = (self._node("Reshape", [rows, flat]) for rows in (context, hidden))
            context, hidden = (self._node("Gather", [rows, "outputs"]) for rows in (context, hidden))
        hidden = self._add_and_norm(context, hidden, f"{name}.attention.output")
        inner = self._gelu(hidden, f"{name}.intermediate.dense")
        return self._add_and_norm(inner, hidden, f"{name}.output")

    def _attention(self, hidden: str, number: int) -> str:
        parts = [f"{layer_name(number)}.attention.self.{part}" for part in ("query", "key", "value")]
        weight, bias = (
            self.weights.joined([f"{part}.{kind}" for part in parts]) for kind in ("weight", "bias")
        )
        projected = self._product(hidden, weight, bias)
        caches = [f"keys_{number}", f"values_{number}"]
        size: list[str | int] = ["n", self.shape.num_attention_heads, "t", self.shape.head_size]
        for cache in caches:
            self.graph.input.append(helper.make_tensor_value_info(cache, self.cache_type, size))
            self._output(f"new_{cache}", self.cache_type, 4)
        results = [f"context_{number}", *(f"new_{cache}" for cache in caches)]
        scales = ["", ""]
        if self.cache_type == TensorProto.INT8:
            quantised = zip(np.split(weight, 3)[1:], np.split(bias, 3)[1:], strict=True)
            scales = [self._cache_scale(number, *part) for part in quantised]
        shared = [projected, "", "", *caches, "last", "capacity", "", "", "", "bias", "", *scales]
        prefill = self._branch(shared, results, causal=False)
        step = self._branch([*shared, "", "", "counts"], results, causal=True)
        return self._node("If", ["prefill"], outputs=results, then_branch=prefill, else_branch=step)

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

    def _cache_scale(self, number: int, weight: Array, bias: Array) -> str:
        """How large a step of the int8 cache is, per channel [1, heads, 1, head size].

        The rows that a layer projects come from a LayerNorm, which fixes their mean and spread.
        """
        before = f"{EMBEDDINGS}.LayerNorm" if not number else f"{layer_name(number - 1)}.output.LayerNorm"
        mean = weight @ self.weights(f"{before}.bias") + bias
        spread = np.sqrt(np.square(weight) @ np.square(self.weights(f"{before}.weight")))
        scale = (np.abs(mean) + CACHE_RANGE * spread) / 127
        size = (1, self.shape.num_attention_heads, 1, self.shape.head_size)
        return self._constant("scale", scale.astype(np.float32).reshape(size))

    def _product(self, rows: str, weight: Array, bias: Array, *, outputs: Sequence[str] = ()) -> str:
        added = self._constant("bias", bias)
        if self.arithmetic == "int8-blocks":
            return self._product_by_blocks(rows, weight, added, outputs=outputs)
        return self._node("Add", [self._plain_product(rows, weight), added], outputs=outputs)

    def _plain_product(self, rows: str, weight: Array) -> str:
        match self.arithmetic:
            case "fp32":
                return self._node("MatMul", [rows, self._constant("weight", weight.T)])
            case "int8-rows":
                return self._product_by_rows(rows, weight)
            case "int8-blocks":
                return self._product_by_blocks(rows, weight)

    def _product_by_rows(self, rows: str, weight: Array) -> str:
        """Each row is divided by its largest number, quantised, multiplied, and scaled again."""
        quantised, scale = quantise(weight)
        step, zero = self._once("step", np.float32(1 / 127)), self._once("zero", np.uint8(128))
        across, tiny = self._once("across", np.array([-1])), self._once("tiny", np.float32(TINY))
        largest = self._node("ReduceMax", [self._node("Abs", [rows]), across], keepdims=1)
        largest = self._node("Max", [largest, tiny])
        integers = self._node("QuantizeLinear", [self._node("Div", [rows, largest]), step, zero])
        inputs = [
            integers,
            self._constant("weight", quantised.astype(np.int8).T),
            step,
            self._constant("scale", scale),
            zero,
        ]
        product = self._node("MatMulIntegerToFloat", inputs, domain=MICROSOFT)
        return self._node("Mul", [product, largest])

    def _product_by_blocks(self, rows: str, weight: Array, *bias: str, outputs: Sequence[str] = ()) -> str:
        n, k = weight.shape
        block = next((size for size in BLOCKS if k % size == 0), BLOCKS[-1])
        if k % block:
            weight = np.pad(weight, ((0, 0), (0, -k % block)))
        quantised, scale = quantise(weight.reshape(-1, block))
        quantised += np.float32(128)
        inputs = [
            rows,
            self._constant("weight", quantised.astype(np.uint8).reshape(n, -1, block)),
            self._constant("scale", scale.reshape(n, -1)),
            *(("", "", *bias) if bias else ()),
        ]
        sizes = {"K": k, "N": n, "bits": 8, "block_size": block, "accuracy_level": 4}
        return self._node("MatMulNBits", inputs, outputs=outputs, domain=MICROSOFT, **sizes)

    def _gelu(self, rows: str, name: str) -> str:
        product = self._plain_product(rows, self.weights(f"{name}.weight"))
        bias = self._constant("bias", self.weights(f"{name}.bias"))
        return self._node("BiasGelu", [product, bias], domain=MICROSOFT)

    def _add_and_norm(self, rows: str, residual: str, name: str) -> str:
        product = self._plain_product(rows, self.weights(f"{name}.dense.weight"))
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

    def _constant(self, name: str, value: NDArray[np.generic]) -> str:
        name = f"{name}_{len(self.constants)}"
        self.constants[name] = value = np.ascontiguousarray(value)
        tensor = self.graph.initializer.add(name=name, dims=value.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(value.dtype)
        tensor.data_location = TensorProto.EXTERNAL
        for key, entry in (("location", name), ("length", str(value.nbytes))):
            tensor.external_data.add(key=key, value=entry)
        return name

    def _once(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """A constant that many nodes share."""
        if name not in (tensor.name for tensor in self.graph.initializer):
            self.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def _output(self, name: str, kind: int, dimensions: int) -> None:
        size = [f"{name}_{i}" for i in range(dimensions)]
        self.graph.output.append(helper.make_tensor_value_info(name, kind, size))


def quantise(rows: Array) -> tuple[Array, Array]:
    """Whole numbers from -127 to 127, [n, k], and what those of each row are to be multiplied by, [n]."""
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    scale = np.maximum(largest, TINY) / np.float32(127)
    quantised: Array = rows / scale[:, None]
    return np.rint(quantised, out=quantised), scale
