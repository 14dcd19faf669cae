"""Counts the multiply-adds of a graph's convolutions and matrix products."""

from collections.abc import Mapping
from math import prod
from typing import TypeAlias

import onnx

Shapes: TypeAlias = dict[str, tuple[int, ...]]

COUNTED = ("Conv", "Gemm", "MatMul")


def with_batch(model: onnx.ModelProto, batch_size: int, *, strict: bool = False) -> onnx.ModelProto:
    """Return a copy of a model with the shapes that a batch size gives every value.

    Args:
        model: its first input's first dimension is the batch.
        batch_size: the number of images.
        strict: whether a node whose shape cannot be inferred is an error of ONNX's.
    """
    sized = onnx.ModelProto()
    sized.CopyFrom(model)
    sized.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch_size
    del sized.graph.value_info[:]
    for output in sized.graph.output:
        output.type.tensor_type.ClearField("shape")
    return onnx.shape_inference.infer_shapes(sized, strict_mode=strict, data_prop=True)


def known_shapes(model: onnx.ModelProto) -> Shapes:
    """Return the shapes of a model's weights and values, of those that are known."""
    graph = model.graph
    shapes = {weight.name: tuple(weight.dims) for weight in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        lengths = value.type.tensor_type.shape.dim
        if all(length.HasField("dim_value") for length in lengths):
            shapes[value.name] = tuple(length.dim_value for length in lengths)
    return shapes


def multiply_adds(node: onnx.NodeProto, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return the multiply-adds of a node of `COUNTED`; of bias and activations none.

    Raises:
        KeyError: a shape that they follow from is not in ``shapes``; its value is named.
    """
    out = prod(shapes[node.output[0]])
    if node.op_type == "Conv":
        return out * prod(shapes[node.input[1]][1:])  # (out channels, in channels / groups, height, width)
    transposed = node.op_type == "Gemm" and any(each.name == "transA" and each.i for each in node.attribute)
    return out * shapes[node.input[0]][0 if transposed else -1]
