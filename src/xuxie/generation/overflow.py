"""Whether this processor's kernel for products of bytes overflows, as it does on x86 without VNNI.

    if sums_overflow(): ...

ONNX Runtime adds pairs of products of unsigned with signed bytes in 16 bits there, and what goes beyond is
lost. Its option "session.x64quantprecision" takes other kernels, half as fast, whether they are needed or
not; so one product is tried, which takes some milliseconds, once in a process.
"""

from functools import cache

import numpy as np
import onnxruntime
from onnx import TensorProto

from xuxie.generation.onnx_nodes import MICROSOFT, Nodes

SIZE, ROW, ZERO, WEIGHT = 64, 255, 128, 127


@cache
def sums_overflow() -> bool:
    """Multiply the greatest bytes that there are, and compare."""
    nodes = Nodes("probe")
    nodes.input("rows", TensorProto.UINT8, [1, SIZE])
    weight = nodes.once("weight", np.full((SIZE, SIZE), WEIGHT, np.int8))
    one, zero = nodes.once("one", np.float32(1)), nodes.once("zero", np.uint8(ZERO))
    inputs = ["rows", weight, one, one, zero]
    nodes.add("MatMulIntegerToFloat", inputs, outputs=["sums"], domain=MICROSOFT)
    nodes.output("sums", TensorProto.FLOAT, 2)
    session = onnxruntime.InferenceSession(nodes.graph().model, providers=["CPUExecutionProvider"])
    (sums,) = session.run(None, {"rows": np.full((1, SIZE), ROW, np.uint8)})
    return bool((sums != SIZE * (ROW - ZERO) * WEIGHT).any())
