"""Operators on whole numbers: how graphs compute the lengths of tensors. One of them may be a symbol for the batch."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor

from fashionsdk_export.inductor.node_values import Node, Rule, Value, axes


def is_lengths(node: Node, given: Sequence[Value]) -> bool:
    """Tell whether a node computes whole numbers: it asks for a shape, or reads whole numbers and no tensor."""
    return node.operator == "Shape" or not any(isinstance(value, Tensor) for value in given)


def _shape(node: Node, given: Sequence[Value]) -> Value:
    return list(given[0].shape)[node.attributes.get("start", 0) : node.attributes.get("end")]


def _concat(node: Node, given: Sequence[Value]) -> Value:
    return [number for value in given for number in value]


def _gather(node: Node, given: Sequence[Value]) -> Value:
    numbers, index = given
    return [numbers[i] for i in index] if isinstance(index, list) else numbers[index]


def _squeeze(node: Node, given: Sequence[Value]) -> Value:
    return given[0][0] if isinstance(given[0], list) else given[0]


def _unsqueeze(node: Node, given: Sequence[Value]) -> Value:
    if axes(node, given) != [0] or isinstance(given[0], list):
        raise node.refuse("gives lengths a second axis")
    return [given[0]]


def _slice(node: Node, given: Sequence[Value]) -> Value:
    numbers, (start,), (end,), *_ = given
    step = given[4][0] if len(given) > 4 and given[4] else 1
    return numbers[start:end:step]


def _reshape(node: Node, given: Sequence[Value]) -> Value:
    flat = given[0] if isinstance(given[0], list) else [given[0]]
    return flat if given[1] else flat[0]


def _same(node: Node, given: Sequence[Value]) -> Value:
    return given[0]


def _each(compute: Callable[[Any, Any], Any]) -> Rule:
    def rule(node: Node, given: Sequence[Value]) -> Value:
        a, b = given
        if isinstance(a, list) and isinstance(b, list):
            return [compute(x, y) for x, y in zip(a, b, strict=True)]
        if isinstance(a, list):
            return [compute(x, b) for x in a]
        return [compute(a, y) for y in b] if isinstance(b, list) else compute(a, b)

    return rule


LENGTHS: Mapping[str, Rule] = {
    "Add": _each(operator.add),
    "Cast": _same,
    "Concat": _concat,
    "Div": _each(operator.floordiv),
    "Gather": _gather,
    "Identity": _same,
    "Max": _each(max),
    "Min": _each(min),
    "Mul": _each(operator.mul),
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": _each(operator.sub),
    "Unsqueeze": _unsqueeze,
}
