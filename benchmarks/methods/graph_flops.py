"""The floating-point operations of an ONNX graph, counted exactly: two per multiply-add of its matrix products."""

from collections import Counter
from math import prod
from pathlib import Path
from typing import TypeAlias

import onnx

Shapes: TypeAlias = dict[str, tuple[int, ...]]

COUNTED = ("Conv", "Gemm", "MatMul")
# Other operators that multiply matrices; a graph with one of them would be counted too low.
UNKNOWN = ("ConvTranspose", "Einsum", "Attention", "MultiHeadAttention", "LSTM", "GRU", "RNN", "If", "Loop", "Scan")


def count_flops(path: Path, batch_size: int) -> Counter[str]:
    """Return the operations of one run by operator; bias, normalisation and activations are not counted.

    Raises:
        ValueError: a shape does not follow from the batch size, or an operator's operations are not known.
    """
    model = with_batch(onnx.load(path), batch_size)
    shapes = _shapes(model)
    counts: Counter[str] = Counter()
    for node in model.graph.node:
        if node.op_type in UNKNOWN:
            raise ValueError(f"{path}: {node.op_type} is not counted; expected {', '.join(COUNTED)} only")
        if node.op_type in COUNTED:
            counts[node.op_type] += 2 * _multiply_adds(node, shapes)
    return counts


def with_batch(model: onnx.ModelProto, batch_size: int) -> onnx.ModelProto:
    """Return the model with the shapes that a batch size gives every value."""
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch_size
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")
    return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def _shapes(model: onnx.ModelProto) -> Shapes:
    graph = model.graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        dims = value.type.tensor_type.shape.dim
        if all(dim.HasField("dim_value") for dim in dims):
            shapes[value.name] = tuple(dim.dim_value for dim in dims)
    return shapes


def _multiply_adds(node: onnx.NodeProto, shapes: Shapes) -> int:
    if missing := [name for name in (*node.input[:2], node.output[0]) if name not in shapes]:
        raise ValueError(f"the shape of {missing[0]} at {node.op_type} {node.name} is not known")
    first, weight, out = (shapes[name] for name in (*node.input[:2], node.output[0]))
    if node.op_type == "Conv":
        return prod(out) * prod(weight[1:])  # weight: (out channels, in channels / groups, height, width)
    if node.op_type == "Gemm":
        transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return prod(out) * first[0 if transposed else 1]
    return prod(out) * first[-1]
