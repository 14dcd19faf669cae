"""An INT8 graph in the form that TensorRT accepts: signed activations, zero points of 0."""

import numpy as np
import onnx
from onnx import numpy_helper

PAIR = ("QuantizeLinear", "DequantizeLinear")


def to_symmetric(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return an INT8 graph with every uint8 activation as int8 over ``-m..m``, m the larger end of its range.

    CPUs multiply uint8 activations with int8 weights. TensorRT has int8 only, without zero points. An activation that
    is never negative loses one of its eight bits.
    """
    symmetric = onnx.ModelProto()
    symmetric.CopyFrom(model)
    graph = symmetric.graph
    constants = {weight.name: weight for weight in graph.initializer}
    done: set[str] = set()
    for node in graph.node:
        if node.op_type not in PAIR or len(node.input) < 3:
            continue
        scale, zero = (constants[name] for name in node.input[1:3])
        if zero.data_type != onnx.TensorProto.UINT8 or zero.name in done:
            continue
        done.add(zero.name)
        _symmetrise(scale, zero)
    return symmetric


def _symmetrise(scale: onnx.TensorProto, zero: onnx.TensorProto) -> None:
    step, middle = numpy_helper.to_array(scale).astype(np.float64), numpy_helper.to_array(zero).astype(np.float64)
    farthest = step * np.maximum(middle, 255 - middle)
    scale.CopyFrom(numpy_helper.from_array((farthest / 127).astype(np.float32), scale.name))
    zero.CopyFrom(numpy_helper.from_array(np.zeros(middle.shape, np.int8), zero.name))
