"""Whether this processor's kernel for products of bytes overflows, as it does on x86 without VNNI.

    if sums_overflow(): ...

ONNX Runtime adds pairs of products of unsigned with signed bytes in 16 bits there, and what goes beyond is
lost; with weights of 7 bits nothing does. (Its option "session.x64quantprecision" takes other kernels, and
slower ones.) One product is tried, which takes some milliseconds, once in a process.
"""

from functools import cache

import numpy as np
import onnxruntime
from onnx import TensorProto

from xuxie.generation.onnx_nodes import MICROSOFT, Nodes

SIZE, ROW, ZERO = 64, 255, 128


@cache
def sums_overflow(weight: int = 127) -> bool:
    """Multiply the greatest byte that there is by the greatest weight, and compare."""
    nodes = Nodes("probe")
    nodes.input("rows", TensorProto.UINT8, [1, SIZE])
    weights = nodes.once("weights", np.full((SIZE, SIZE), weight, np.int8))
    one, zero = nodes.once("one", np.float32(1)), nodes.once("zero", np.uint8(ZERO))
    inputs = ["rows", weights, one, one, zero]
    nodes.add("MatMulIntegerToFloat", inputs, outputs=["sums"], domain=MICROSOFT)
    nodes.output("sums", TensorProto.FLOAT, 2)
    session = onnxruntime.InferenceSession(nodes.graph().model, providers=["CPUExecutionProvider"])
    (sums,) = session.run(None, {"rows": np.full((1, SIZE), ROW, np.uint8)})
    return bool((sums != SIZE * (ROW - ZERO) * weight).any())
