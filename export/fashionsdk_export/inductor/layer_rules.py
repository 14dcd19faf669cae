"""Operators on tensors, as PyTorch computes them: those that exports write, with the settings that exports write."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import torch
import torch.nn.functional as F
from onnx import TensorProto
from torch import Tensor

from fashionsdk_export.inductor.move_rules import MOVES
from fashionsdk_export.inductor.node_values import Node, Rule, Value, axes, tensor, tensors

_TYPES = {
    TensorProto.FLOAT: torch.float32,
    TensorProto.FLOAT16: torch.float16,
    TensorProto.INT64: torch.int64,
    TensorProto.INT32: torch.int32,
    TensorProto.BOOL: torch.bool,
}


def _padded(node: Node, images: Tensor, value: float) -> tuple[Tensor, list[int]]:
    """Return the images, with what is padded more at one end than at the other, and the padding that is left to do."""
    rank = images.dim() - 2
    pads = list(node.attributes.get("pads", [0] * 2 * rank))
    if node.attributes.get("auto_pad", "NOTSET") != "NOTSET":
        raise node.refuse("pads by itself")
    before, after = pads[:rank], pads[rank:]
    if before == after:
        return images, before
    uneven = [length for pair in zip(reversed(before), reversed(after), strict=True) for length in pair]
    return F.pad(images, uneven, value=value), [0] * rank


def _conv(node: Node, given: Sequence[Value]) -> Tensor:
    images, weight, bias = (*given, None)[:3]
    images, padding = _padded(node, images, 0.0)
    compute = {3: F.conv1d, 4: F.conv2d}[images.dim()]
    ones = [1] * (images.dim() - 2)
    settings = node.attributes
    return compute(
        images,
        weight,
        bias,
        settings.get("strides", ones),
        padding,
        settings.get("dilations", ones),
        settings.get("group", 1),
    )


def _max_pool(node: Node, given: Sequence[Value]) -> Tensor:
    images, padding = _padded(node, given[0], -torch.inf)
    settings = node.attributes
    kernel, strides = settings["kernel_shape"], settings.get("strides", [1, 1])
    ceil, dilations = bool(settings.get("ceil_mode", 0)), settings.get("dilations", [1, 1])
    return F.max_pool2d(images, kernel, strides, padding, dilations, ceil)


def _average_pool(node: Node, given: Sequence[Value]) -> Tensor:
    settings = node.attributes
    counts_padding = bool(settings.get("count_include_pad", 0))
    pads = settings.get("pads", [0, 0, 0, 0])
    if pads[:2] != pads[2:] or settings.get("dilations", [1, 1]) != [1, 1]:
        raise node.refuse("has uneven padding or dilations")
    ceil = bool(settings.get("ceil_mode", 0))
    kernel, strides = settings["kernel_shape"], settings.get("strides", [1, 1])
    return F.avg_pool2d(given[0], kernel, strides, pads[:2], ceil, counts_padding)


def _gemm(node: Node, given: Sequence[Value]) -> Tensor:
    a, b, *c = tensors(given)
    settings = node.attributes
    a = a.mT if settings.get("transA", 0) else a
    b = b.mT if settings.get("transB", 0) else b
    product = a @ b
    if (factor := settings.get("alpha", 1.0)) != 1.0:
        product = product * factor
    return reduce(lambda total, bias: total + bias * settings.get("beta", 1.0), c, product)


def _batch_norm(node: Node, given: Sequence[Value]) -> Tensor:
    images, scale, bias, mean, variance = given
    return F.batch_norm(images, mean, variance, scale, bias, eps=node.attributes.get("epsilon", 1e-5))


def _clip(node: Node, given: Sequence[Value]) -> Tensor:
    (values,), (low, high) = tensors(given[:1]), (*given[1:], None, None)[:2]
    if low is not None:
        values = torch.maximum(values, tensor(low, values))
    return values if high is None else torch.minimum(values, tensor(high, values))


def _divide(node: Node, given: Sequence[Value]) -> Tensor:
    a, b = tensors(given)
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode="trunc" if whole else None)


def _softmax(node: Node, given: Sequence[Value]) -> Tensor:
    (values,) = tensors(given)
    return torch.softmax(values, node.attributes.get("axis", -1))


def _reducing(compute: Callable[[Tensor, list[int], bool], Tensor]) -> Rule:
    def rule(node: Node, given: Sequence[Value]) -> Tensor:
        values, over = tensors(given[:1])[0], axes(node, given)
        if not over and node.attributes.get("noop_with_empty_axes", 0):
            return values
        return compute(values, over or list(range(values.dim())), bool(node.attributes.get("keepdims", 1)))

    return rule


def _hard_sigmoid(node: Node, given: Sequence[Value]) -> Tensor:
    slope, middle = float(node.attributes.get("alpha", 0.2)), float(node.attributes.get("beta", 0.5))
    (values,) = tensors(given)
    return (values * slope + middle).clamp(0, 1)


def _where(node: Node, given: Sequence[Value]) -> Tensor:
    condition, a, b = tensors(given)
    chosen: Tensor = torch.where(condition, a, b)
    return chosen


def _one(compute: Callable[[Tensor], Tensor]) -> Rule:
    return lambda node, given: compute(given[0])


def _two(compute: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    return lambda node, given: reduce(compute, tensors(given))


LAYERS: Mapping[str, Rule] = {
    **MOVES,
    "Abs": _one(torch.abs),
    "Add": _two(torch.add),
    "And": _two(torch.logical_and),
    "AveragePool": _average_pool,
    "BatchNormalization": _batch_norm,
    "Cast": lambda node, given: given[0].to(_TYPES[node.attributes["to"]]),
    "Ceil": _one(torch.ceil),
    "Clip": _clip,
    "Conv": _conv,
    "Cos": _one(torch.cos),
    "Div": _divide,
    "Equal": _two(torch.eq),
    "Erf": _one(torch.erf),
    "Exp": _one(torch.exp),
    "Floor": _one(torch.floor),
    "Gemm": _gemm,
    "GlobalAveragePool": _one(lambda images: images.mean((-2, -1), keepdim=True)),
    "Greater": _two(torch.gt),
    "GreaterOrEqual": _two(torch.ge),
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _one(F.hardswish),
    "Less": _two(torch.lt),
    "LessOrEqual": _two(torch.le),
    "Log": _one(torch.log),
    "LogSoftmax": lambda node, given: torch.log_softmax(given[0], node.attributes.get("axis", -1)),
    "MatMul": _two(torch.matmul),
    "Max": _two(torch.maximum),
    "MaxPool": _max_pool,
    "Min": _two(torch.minimum),
    "Mul": _two(torch.mul),
    "Neg": _one(torch.neg),
    "Not": _one(torch.logical_not),
    "Or": _two(torch.logical_or),
    "Pow": _two(torch.pow),
    "Reciprocal": _one(torch.reciprocal),
    "ReduceL2": _reducing(lambda values, over, keep: torch.linalg.vector_norm(values, dim=over, keepdim=keep)),
    "ReduceMax": _reducing(lambda values, over, keep: values.amax(over, keep)),
    "ReduceMean": _reducing(lambda values, over, keep: values.mean(over, keep)),
    "ReduceMin": _reducing(lambda values, over, keep: values.amin(over, keep)),
    "ReduceSum": _reducing(lambda values, over, keep: values.sum(over, keep)),
    "Relu": _one(torch.relu),
    "Sigmoid": _one(torch.sigmoid),
    "Sin": _one(torch.sin),
    "Softmax": _softmax,
    "Sqrt": _one(torch.sqrt),
    "Sub": _two(torch.sub),
    "Tanh": _one(torch.tanh),
    "Where": _where,
}
