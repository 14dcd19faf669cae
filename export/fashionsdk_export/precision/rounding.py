"""Round on a CPU as a GPU does that computes in half precision."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16


def with_every_rounding(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a float16 graph to measure on a CPU: float32 arithmetic, each float16 tensor rounded to float16.

    ONNX Runtime has few float16 kernels for CPUs. It computes chains of nodes in float32 and rounds only at their ends,
    so a sum that float16 cannot hold would not show. Here every tensor is cast to float16 and back.
    """
    rounded = onnx.ModelProto()
    rounded.CopyFrom(model)
    graph = rounded.graph
    half = {value.name for value in graph.value_info if value.type.tensor_type.elem_type == HALF}
    for weight in graph.initializer:
        if weight.data_type == HALF:
            values = numpy_helper.to_array(weight).astype(np.float32)
            weight.CopyFrom(numpy_helper.from_array(values, weight.name))
    nodes = list(graph.node)
    for field in ("node", "value_info"):
        graph.ClearField(field)
    for node in nodes:
        exact = _in_float(node)
        for i, name in enumerate(node.output):
            if name in half:
                exact.output[i] = f"{name}.exact"
        graph.node.append(exact)
        graph.node.extend(cast for name in node.output if name in half for cast in _rounding(name))
    return rounded


def _rounding(name: str) -> list[onnx.NodeProto]:
    """Return the nodes that round a tensor to float16 and give the result its name."""
    exact, narrow = f"{name}.exact", f"{name}.narrow"
    return [
        helper.make_node("Cast", [exact], [narrow], to=HALF),
        helper.make_node("Cast", [narrow], [name], to=FLOAT),
    ]


def _in_float(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    for attribute in copy.attribute:
        if copy.op_type == "Cast" and attribute.name == "to" and attribute.i == HALF:
            attribute.i = FLOAT
    return copy
