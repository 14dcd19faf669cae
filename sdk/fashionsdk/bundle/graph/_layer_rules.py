"""The shapes that layers give: sums and products of tensors, convolutions, poolings, reductions."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fashionsdk.bundle.graph._onnx_graph import MOST_VALUES, Node, RefusedGraphError
from fashionsdk.bundle.graph._shaped import (
    Inputs,
    Rule,
    Shaped,
    axis_of,
    broadcast_shape,
    integers,
    needed,
    number,
    numbers,
    whole,
    word,
)

LONGEST_REACH = 4096  # pixels under a window; networks pad by less than a window, so this bounds padding too


def _divide(a: Any, b: Any) -> Any:
    return np.divide(a, b) if np.result_type(a, b).kind == "f" else np.floor_divide(a, b)


# Where lengths are computed with them, their values matter too.
_ARITHMETIC: Mapping[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divide,
    "Max": np.maximum,
    "Min": np.minimum,
}
_BROADCAST = (*_ARITHMETIC, "Pow", "And", "Or", "Greater", "Less", "GreaterOrEqual", "LessOrEqual", "Equal", "Where")
_SAME = (
    *("Abs", "Ceil", "Clip", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Log"),
    *("LogSoftmax", "Mish", "Neg", "Not", "PRelu", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Softmax"),
    *("Softplus", "Sqrt", "Tanh", "BatchNormalization", "GroupNormalization", "InstanceNormalization"),
    *("LayerNormalization", "DequantizeLinear", "QuantizeLinear", "Cos", "CumSum", "Sin"),
)
_REDUCE = ("ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin", "ReduceSum", "ReduceSumSquare")


def _same(node: Node, inputs: Inputs) -> list[Shaped]:
    return [Shaped(needed(node, inputs, 0).shape)]


def _broadcast(node: Node, inputs: Inputs) -> list[Shaped]:
    given = [needed(node, inputs, index) for index in range(len(inputs))]
    shape = broadcast_shape(*(value.shape for value in given))
    known = [value.values for value in given if value.values is not None]
    if len(known) < len(given) or math.prod(shape) > MOST_VALUES or node.operator not in _ARITHMETIC:
        return [Shaped(shape)]
    result = known[0]
    with np.errstate(all="ignore"):  # a runtime does not stop at an overflow either
        for other in known[1:]:
            result = whole(np.asarray(_ARITHMETIC[node.operator](result, other)))
    return [Shaped(shape, result)]


def _product(node: Node, inputs: Inputs) -> list[Shaped]:
    a, b = needed(node, inputs, 0).shape, needed(node, inputs, 1).shape
    if not a or not b:
        raise ValueError("a node MatMul has a single number as input")
    left, right = (a if len(a) > 1 else (1, *a)), (b if len(b) > 1 else (*b, 1))
    if left[-1] != right[-2]:
        raise ValueError(f"a node MatMul multiplies {a} and {b}")
    rows, columns = left[-2:-1] * (len(a) > 1), right[-1:] * (len(b) > 1)
    return [Shaped(broadcast_shape(left[:-2], right[:-2]) + rows + columns, work=left[-1])]


def _linear(node: Node, inputs: Inputs) -> list[Shaped]:
    a, b = needed(node, inputs, 0).shape, needed(node, inputs, 1).shape
    if len(a) != 2 or len(b) != 2:
        raise ValueError(f"a node Gemm multiplies {a} and {b}")
    rows, inner = a[::-1] if number(node, "transA", 0) else a
    also, columns = b[::-1] if number(node, "transB", 0) else b
    if inner != also:
        raise ValueError(f"a node Gemm multiplies {a} and {b}")
    return [Shaped((rows, columns), work=inner)]


def _convolution(node: Node, inputs: Inputs) -> list[Shaped]:
    images, weights = needed(node, inputs, 0).shape, needed(node, inputs, 1).shape
    groups = number(node, "group", 1)
    if len(images) < 3 or len(images) != len(weights) or groups < 1 or images[1] != weights[1] * groups:
        raise ValueError(f"a node Conv has images of {images} and weights of {weights}")
    lengths = _windows(node, images[2:], weights[2:])
    return [Shaped((images[0], weights[0], *lengths), work=math.prod(weights[1:]))]


def _pooling(node: Node, inputs: Inputs) -> list[Shaped]:
    images, kernel = needed(node, inputs, 0).shape, numbers(node, "kernel_shape")
    if len(images) < 3 or kernel is None or len(kernel) != len(images) - 2:
        raise ValueError(f"a node {node.operator} has images of {images} and a window of {kernel}")
    return [Shaped((*images[:2], *_windows(node, images[2:], kernel)), work=math.prod(kernel))]


def _windows(node: Node, lengths: tuple[int, ...], kernel: tuple[int, ...]) -> list[int]:
    """Return how many windows of a convolution or pooling fit along each axis."""
    axes = len(lengths)
    strides, dilations = numbers(node, "strides") or (1,) * axes, numbers(node, "dilations") or (1,) * axes
    pads = numbers(node, "pads") or (0,) * 2 * axes
    if len(strides) != axes or len(dilations) != axes or len(pads) != 2 * axes:
        raise ValueError(f"a node {node.operator} has settings for another number of axes")
    reach = [dilation * (size - 1) + 1 for dilation, size in zip(dilations, kernel, strict=True)]
    if min(*strides, *dilations, *kernel) < 1 or min(pads) < 0 or max(reach) > LONGEST_REACH:
        raise RefusedGraphError(f"has a node {node.operator} with windows of {reach}, padding of {pads}")
    if any(pad >= reach[i % axes] for i, pad in enumerate(pads)):
        raise RefusedGraphError(f"has a node {node.operator} with windows of {reach} in padding of {pads} alone")
    divide = _ceil_divide if number(node, "ceil_mode", 0) else int.__floordiv__
    how = word(node, "auto_pad", b"NOTSET")
    if how in (b"SAME_UPPER", b"SAME_LOWER"):
        return [_ceil_divide(length, stride) for length, stride in zip(lengths, strides, strict=True)]
    if how == b"VALID":
        pads = (0,) * 2 * axes
    padded = [length + pads[i] + pads[i + axes] for i, length in enumerate(lengths)]
    return [max(divide(padded[i] - reach[i], strides[i]) + 1, 0) for i in range(axes)]


def _ceil_divide(a: int, b: int) -> int:
    return -(-a // b)


def _pool_all(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = needed(node, inputs, 0).shape
    return [Shaped(shape[:2] + (1,) * len(shape[2:]), work=math.prod(shape[2:]))]


def _reduce(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = needed(node, inputs, 0).shape
    given = integers(node, inputs, 1, "axes")
    if not given and number(node, "noop_with_empty_axes", 0):
        return [Shaped(shape)]
    axes = {axis_of(node, axis, len(shape)) for axis in given} if given else set(range(len(shape)))
    return [_without(shape, axes, keep=number(node, "keepdims", 1) != 0)]


def _best(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = needed(node, inputs, 0).shape
    axis = axis_of(node, number(node, "axis", 0), len(shape))
    return [_without(shape, {axis}, keep=number(node, "keepdims", 1) != 0)]


def _without(shape: tuple[int, ...], axes: set[int], *, keep: bool) -> Shaped:
    lengths = [1 if axis in axes else length for axis, length in enumerate(shape) if keep or axis not in axes]
    return Shaped(tuple(lengths), work=math.prod(shape[axis] for axis in axes))


LAYER_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_BROADCAST, _broadcast),
    **dict.fromkeys(_REDUCE, _reduce),
    **dict.fromkeys(("ArgMax", "ArgMin"), _best),
    **dict.fromkeys(("AveragePool", "MaxPool"), _pooling),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool"), _pool_all),
    "Conv": _convolution,
    "Gemm": _linear,
    "MatMul": _product,
}
