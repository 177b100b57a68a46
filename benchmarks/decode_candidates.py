"""What decoders could be made of: one pass over all weights of a shape, by the kernels that were tried.

    python benchmarks/decode_candidates.py [--shape base] [--rows 2]

Milliseconds for the matrix products of one step with so many rows (2: one prompt; 64: 32 prompts), medians
over a second each. Attention and the rest are left out.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import onnxruntime
import torch
from engines import SHAPES, THREADS, Shape
from onnx import TensorProto, helper, numpy_helper

Pass = Callable[[], Any]
BLOCK = 128


def matrices(shape: Shape) -> list[tuple[int, int]]:
    """Outputs and inputs of every product of a step."""
    h = shape.hidden
    return [(3 * h, h), (h, h), (4 * h, h), (h, 4 * h)] * shape.layers + [(h, h), (shape.vocabulary, h)]


def torch_passes(shape: Shape, rows: int) -> Iterator[tuple[str, Pass]]:
    """torch: MKL, oneDNN with packed weights, int8 weights alone, and int8 through oneDNN."""
    weights = [torch.randn(size) * 0.02 for size in matrices(shape)]
    inputs = [torch.randn(rows, size[1]) for size in matrices(shape)]
    halves = [x.bfloat16() for x in inputs]
    onednn, linear = torch.ops.mkldnn, torch.nn.functional.linear
    yield "torch, MKL, fp32", lambda: [linear(x, w) for x, w in zip(inputs, weights, strict=True)]
    kinds = [("fp32", torch.float32, inputs)]
    if onednn._is_mkldnn_bf16_supported():  # elsewhere torch refuses to pack it
        kinds.append(("bf16", torch.bfloat16, halves))
    for name, kind, xs in kinds:
        packed = [onednn._reorder_linear_weight(w.to(kind), rows) for w in weights]
        yield (
            f"torch, oneDNN packed, {name}",
            lambda packed=packed, xs=xs: [  # type: ignore[misc]
                onednn._linear_pointwise(x, w, None, "none", [], "")
                for x, w in zip(xs, packed, strict=True)
            ],
        )
    scales = [w.abs().amax(1) / 127 for w in weights]
    int8 = [(w / s[:, None]).round().to(torch.int8) for w, s in zip(weights, scales, strict=True)]
    small = [s.bfloat16() for s in scales]
    yield (
        "torch, int8 weights, bf16",
        lambda: [torch._weight_int8pack_mm(*args) for args in zip(halves, int8, small, strict=True)],
    )
    packed = [torch.ops.onednn.qlinear_prepack(w, [rows, w.shape[1]]) for w in int8]
    zeros = [torch.zeros(len(w), dtype=torch.int64) for w in weights]
    bytes_ = [torch.randint(0, 100, x.shape, dtype=torch.uint8) for x in inputs]
    qlinear = torch.ops.onednn.qlinear_pointwise
    yield (
        "torch, oneDNN, int8",
        lambda: [
            qlinear(x, 1.0, 0, w, s, z, None, 1.0, 0, torch.float32, "none", [], "")
            for x, w, s, z in zip(bytes_, packed, scales, zeros, strict=True)
        ],
    )


def onnx_passes(shape: Shape, rows: int) -> Iterator[tuple[str, Pass]]:
    """ONNX Runtime: fp32, int8 by tensor (DynamicQuantizeMatMul) and by blocks (MatMulNBits), int4 too."""
    for name in ("fp32", "int8 by tensor", "int8 by blocks", "int4 by blocks"):
        graph = helper.make_graph([], "products", [], [])
        for i, size in enumerate(matrices(shape)):
            add_product(graph, name, i, size)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        feeds = {
            f"x{i}": np.random.randn(rows, size[1]).astype(np.float32)
            for i, size in enumerate(matrices(shape))
        }
        yield f"ONNX Runtime, {name}", lambda session=session, feeds=feeds: session.run(None, feeds)  # type: ignore[misc]


def add_product(graph: Any, name: str, number: int, size: tuple[int, int]) -> None:
    """One product, with random weights."""
    n, k = size
    weights: list[Any]
    draw = np.random.default_rng(number)
    x, y, w, s = (f"{letter}{number}" for letter in "xyws")
    graph.input.append(helper.make_tensor_value_info(x, TensorProto.FLOAT, ["m", k]))
    graph.output.append(helper.make_tensor_value_info(y, TensorProto.FLOAT, ["m", n]))
    if name == "fp32":
        weights = [draw.standard_normal((k, n), dtype=np.float32)]
        node = helper.make_node("MatMul", [x, w], [y])
    elif name == "int8 by tensor":
        weights = [draw.integers(-127, 128, (k, n), dtype=np.int8), np.full(n, 0.01, np.float32)]
        node = helper.make_node("DynamicQuantizeMatMul", [x, w, s], [y], domain="com.microsoft")
    else:
        bits, blocks = int(name[3]), (n, k // BLOCK)
        weights = [
            draw.integers(0, 256, (*blocks, BLOCK * bits // 8), dtype=np.uint8),
            np.full(blocks, 0.01, np.float32),
        ]
        sizes: dict[str, Any] = {"K": k, "N": n, "bits": bits, "block_size": BLOCK, "accuracy_level": 4}
        node = helper.make_node("MatMulNBits", [x, w, s], [y], domain="com.microsoft", **sizes)
    graph.initializer.extend(
        numpy_helper.from_array(a, label) for a, label in zip(weights, (w, s), strict=False)
    )
    graph.node.append(node)


def milliseconds(run: Pass) -> float:
    """The median of a second's passes."""
    run()
    seconds: list[float] = []
    end = time.perf_counter() + 1
    while time.perf_counter() < end:
        started = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--rows", type=int, default=2, help="rows of a step (default: 2)")
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.set_grad_enabled(False)
    for passes in (torch_passes, onnx_passes):
        for name, run in passes(SHAPES[arguments.shape], arguments.rows):
            print(
                f"{arguments.shape} {arguments.rows:3} rows  {name:32} {milliseconds(run):8.2f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
