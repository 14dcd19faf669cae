"""What ONNX Runtime's CUDA provider computes, and what it leaves on the host.

From ONNX Runtime's docs/OperatorKernels.md, the section of the CUDA provider, for opset 18 and the operators that occur
in exported graphs. A node stays on the host if

- CUDA has no kernel for its operator, or none for the type of one of its tensors;
- its operator writes its result on the host: ``Shape`` and ``Size``. What is computed from lengths stays there too;
- it is told what to do by a tensor, such as the shape of a ``Reshape``, that is no constant. Kernels read these on the
  host, and a value that was computed would have to come from there, or be copied there in the middle of the run.
"""

from collections.abc import Iterator, Mapping

import onnx
from onnx import TensorProto

from tests.export.graphs import types

_FLOATS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16})
_BOOL = frozenset({TensorProto.BOOL})
_WHOLE = frozenset({TensorProto.INT64})
_BYTES = frozenset({TensorProto.INT8, TensorProto.UINT8})

_KERNELS: Mapping[str, frozenset[int]] = {
    **dict.fromkeys(("Abs", "Add", "Div", "Floor", "Max", "Min", "Mul", "Pow", "Sqrt", "Sub"), _FLOATS),
    **dict.fromkeys(("Clip", "Relu", "Sigmoid", "Softmax", "Tanh"), _FLOATS),
    **dict.fromkeys(("AveragePool", "BatchNormalization", "Conv", "Gemm", "GlobalAveragePool", "MatMul"), _FLOATS),
    **dict.fromkeys(("MaxPool", "ReduceL2", "ReduceMean", "ReduceSum", "Resize"), _FLOATS),
    **dict.fromkeys(("And", "Not", "Or"), _BOOL),
    **dict.fromkeys(("Greater", "Less"), _FLOATS | _BOOL),  # the result is a truth value
    "Where": _FLOATS | _BOOL,  # the condition is one
    **dict.fromkeys(("ReduceMax", "ReduceMin"), _FLOATS | _WHOLE),  # `any` is the maximum of whole numbers
    "Cast": _FLOATS | _BOOL | _WHOLE | _BYTES,
    **dict.fromkeys(("Concat", "Expand", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"), _FLOATS | _BYTES),
    "Gather": _FLOATS | _WHOLE,  # the indices are whole numbers, on the device
    "Pad": _FLOATS,
    "QuantizeLinear": frozenset({TensorProto.FLOAT}) | _BYTES,
    "DequantizeLinear": frozenset({TensorProto.FLOAT}) | _BYTES,
}

_READ_ON_THE_HOST: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(("Clip", "Pad"), (1, 2)),
    "Resize": (1, 2, 3),
    "Slice": (1, 2, 3, 4),
    **dict.fromkeys(("Expand", "Reshape", "Squeeze", "Unsqueeze"), (1,)),
    **dict.fromkeys(("ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum"), (1,)),
}


def left_on_the_host(model: onnx.ModelProto) -> list[str]:
    """Return what ONNX Runtime's CUDA provider would leave on the host, a line a node."""
    constants = {weight.name for weight in model.graph.initializer}
    constants |= {node.output[0] for node in model.graph.node if node.op_type == "Constant"}
    kinds = types(model)
    return [
        f"{node.op_type} {node.name}: {reason}"
        for node in model.graph.node
        if node.op_type != "Constant"
        for reason in _reasons(node, constants, kinds)
    ]


def _reasons(node: onnx.NodeProto, constants: set[str], kinds: Mapping[str, int]) -> Iterator[str]:
    if node.op_type not in _KERNELS or node.domain:
        yield "CUDA has no kernel, or the result stays on the host"
        return
    told = [node.input[i] for i in _READ_ON_THE_HOST.get(node.op_type, ()) if i < len(node.input) and node.input[i]]
    for name in told:
        if name not in constants:
            yield f"{name}, which the host reads, is computed"
    for name in {*node.input, *node.output} - {*told, ""}:
        if kinds[name] not in _KERNELS[node.op_type]:
            yield f"{name} is {TensorProto.DataType.Name(kinds[name])}"
