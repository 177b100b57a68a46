"""Products of rows with a weight in an ONNX graph, in one of the arithmetics that there are.

products = Products(nodes, "int8-blocks")
logits = products.biased("rows", weight, bias)      # weight float32 [out, in], bias float32 [out]
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from xuxie.bert_weights import Array
from xuxie.generation.onnx_nodes import MICROSOFT, Nodes
from xuxie.generation.overflow import sums_overflow
from xuxie.generation.quantising import TINY, by_blocks, by_rows

# fp32: as it is.
# int8-blocks: weights and activations are scaled per block of BLOCKS; the fastest where there are few rows
#   and the processor has VNNI.
# int4-blocks: the same with `plain` weights of 4 bits, to read fewer bytes from memory.
# int8-rows: weights are scaled per channel and activations per row; the fastest where there are many.
#   Sums of integers are exact, so a row's numbers do not depend on what is computed beside it. Weights have
#   7 bits where sums of 8 would overflow.
Arithmetic = Literal["fp32", "int8-rows", "int8-blocks", "int4-blocks"]
BLOCKS = (256, 128, 64, 32)


class Products:
    """Adds products to a graph; each gives the name of its result, float32 [rows, out]."""

    def __init__(self, nodes: Nodes, arithmetic: Arithmetic) -> None:
        self.nodes, self.arithmetic = nodes, arithmetic

    def biased(
        self, rows: str, weight: Array, bias: Array, *, narrow: bool = False, outputs: Sequence[str] = ()
    ) -> str:
        """rows @ weight.T + bias. `narrow`: 4 bits will do; queries, keys and words would suffer."""
        added = self.nodes.constant("bias", bias)
        match self.arithmetic:
            case "int8-blocks" | "int4-blocks":
                bits = 4 if narrow and self.arithmetic == "int4-blocks" else 8
                return self._by_blocks(rows, weight, added, bits=bits, outputs=outputs)
            case "fp32" | "int8-rows":
                return self.nodes.add("Add", [self.plain(rows, weight), added], outputs=outputs)

    def plain(self, rows: str, weight: Array) -> str:
        """rows @ weight.T, where the operator that follows adds the bias, and 4 bits will do."""
        match self.arithmetic:
            case "fp32":
                return self.nodes.add("MatMul", [rows, self.nodes.constant("weight", weight.T)])
            case "int8-rows":
                return self._by_rows(rows, weight)
            case "int8-blocks":
                return self._by_blocks(rows, weight, bits=8)
            case "int4-blocks":
                return self._by_blocks(rows, weight, bits=4)

    def _by_rows(self, rows: str, weight: Array) -> str:
        """Each row is divided by its largest number, quantised, multiplied, and scaled again."""
        nodes, (numbers, scale) = self.nodes, by_rows(weight, bits=7 if sums_overflow() else 8)
        step, zero = nodes.once("step", np.float32(1 / 127)), nodes.once("zero", np.uint8(128))
        across, tiny = nodes.once("across", np.array([-1])), nodes.once("tiny", TINY)
        largest = nodes.add("ReduceMax", [nodes.add("Abs", [rows]), across], keepdims=1)
        largest = nodes.add("Max", [largest, tiny])
        integers = nodes.add("QuantizeLinear", [nodes.add("Div", [rows, largest]), step, zero])
        weights = nodes.constant("weight", numbers.T)
        inputs = [integers, weights, step, nodes.constant("scale", scale), zero]
        product = nodes.add("MatMulIntegerToFloat", inputs, domain=MICROSOFT)
        return nodes.add("Mul", [product, largest])

    def _by_blocks(
        self, rows: str, weight: Array, *bias: str, bits: int, outputs: Sequence[str] = ()
    ) -> str:
        n, k = weight.shape
        block = next((size for size in BLOCKS if k % size == 0), BLOCKS[-1])
        numbers, scale = by_blocks(weight, bits=bits, block=block)
        weights = [self.nodes.constant("weight", numbers), self.nodes.constant("scale", scale)]
        inputs = [rows, *weights, *(("", "", *bias) if bias else ())]
        sizes = {"K": k, "N": n, "bits": bits, "block_size": block, "accuracy_level": 4}
        return self.nodes.add("MatMulNBits", inputs, outputs=outputs, domain=MICROSOFT, **sizes)
