"""An ONNX graph while it is put together: nodes, and constants that stay beside it.

    nodes = Nodes("decoder")
    rows = nodes.add("MatMul", ["rows", nodes.constant("weight", weight)])
    graph = nodes.graph()        # graph.model is what onnxruntime.InferenceSession takes

The constants stand beside the model, as if in files of their own: serialised within it they would be copied
four times over.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"  # ONNX Runtime's own operators


class Graph(NamedTuple):
    """The graph, serialised, and its constants by the names of the external files it says they are in."""

    model: bytes
    constants: dict[str, NDArray[np.generic]]


class Nodes:
    """Adds nodes and constants to a graph; a method that adds something gives its name."""

    def __init__(self, name: str) -> None:
        self.proto = onnx.GraphProto(name=name)
        self.constants: dict[str, NDArray[np.generic]] = {}

    def graph(self) -> Graph:
        """All that was added."""
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(self.proto, opset_imports=opsets, ir_version=10)
        return Graph(model.SerializeToString(), self.constants)

    def input(self, name: str, kind: int, size: Sequence[str | int]) -> None:
        """An input of the graph, of a TensorProto data type; a string stands for a size that varies."""
        self.proto.input.append(helper.make_tensor_value_info(name, kind, size))

    def output(self, name: str, kind: int, dimensions: int) -> None:
        """An output of the graph, whose sizes vary."""
        size = [f"{name}_{i}" for i in range(dimensions)]
        self.proto.output.append(helper.make_tensor_value_info(name, kind, size))

    def add(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        outputs: Sequence[str] = (),
        domain: str = "",
        **attributes: Any,
    ) -> str:
        """An operator; the name of its first result."""
        outputs = outputs or [f"{operator}_{len(self.proto.node)}"]
        self.proto.node.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        """A constant beside the graph."""
        name = f"{name}_{len(self.constants)}"
        self.constants[name] = value = np.ascontiguousarray(value)
        tensor = self.proto.initializer.add(name=name, dims=value.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(value.dtype)
        tensor.data_location = TensorProto.EXTERNAL
        for key, entry in (("location", name), ("length", str(value.nbytes))):
            tensor.external_data.add(key=key, value=entry)
        return name

    def once(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """A small constant that many nodes share."""
        if name not in (tensor.name for tensor in self.proto.initializer):
            self.proto.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name
