"""A tensor of which only the shape is known, and the attributes of a node by their type."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from fashionsdk.bundle.graph._onnx_graph import Node, Numbers, RefusedGraphError


@dataclass(frozen=True)
class Shaped:
    """A tensor.

    Attributes:
        shape: its lengths.
        values: its values, if it is small and they follow from constants and shapes; int64, or float32 where the graph
            has another type.
        work: multiplications that each of its numbers takes.
    """

    shape: tuple[int, ...]
    values: Numbers | None = None
    work: int = 1

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)


Inputs: TypeAlias = Sequence[Shaped | None]  # None for one that is left out
Rule: TypeAlias = Callable[[Node, Inputs], Sequence[Shaped]]  # the outputs of a node


def needed(node: Node, inputs: Inputs, index: int) -> Shaped:
    """Return an input that the operator cannot do without."""
    value = inputs[index] if index < len(inputs) else None
    if value is None:
        raise ValueError(f"a node {node.operator} lacks its input {index}")
    return value


def values(node: Node, inputs: Inputs, index: int) -> Numbers:
    """Return the values of an input that the output's shape depends on."""
    value = needed(node, inputs, index)
    if value.values is None:
        raise RefusedGraphError(f"has a node {node.operator} whose size depends on what is in a photo")
    return value.values


def integers(node: Node, inputs: Inputs, index: int, name: str) -> tuple[int, ...] | None:
    """Return whole numbers, from an input or, as older operator sets have it, from an attribute; ``None`` without."""
    if index < len(inputs) and inputs[index] is not None:
        return tuple(int(value) for value in values(node, inputs, index).reshape(-1))
    return numbers(node, name)


def numbers(node: Node, name: str) -> tuple[int, ...] | None:
    """Return an attribute of whole numbers, or ``None``."""
    value = node.attributes.get(name)
    if value is not None and not isinstance(value, tuple):
        raise ValueError(f"{node.operator}'s attribute {name} is no list of whole numbers")
    return value


def number(node: Node, name: str, default: int) -> int:
    """Return an attribute that is one whole number."""
    value = node.attributes.get(name, default)
    if not isinstance(value, int):
        raise ValueError(f"{node.operator}'s attribute {name} is no whole number")
    return value


def word(node: Node, name: str, default: bytes) -> bytes:
    """Return an attribute that is a word."""
    value = node.attributes.get(name, default)
    if not isinstance(value, bytes):
        raise ValueError(f"{node.operator}'s attribute {name} is no word")
    return value


def axis_of(node: Node, axis: int, rank: int) -> int:
    """Return an axis counted from the front."""
    if not -rank <= axis < rank:
        raise ValueError(f"a node {node.operator} names the axis {axis} of {rank}")
    return axis % rank


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that several tensors have together; numpy's function is slower."""
    rank = max(map(len, shapes))
    lengths = []
    for options in zip(*((1,) * (rank - len(shape)) + shape for shape in shapes), strict=True):
        several = {*options} - {1}
        if len(several) > 1 or min(options) < 0:
            raise ValueError(f"tensors of {' and '.join(map(str, shapes))} do not fit each other")
        lengths.append(several.pop() if several else 1)
    return tuple(lengths)


def whole(array: np.ndarray) -> Numbers:
    """Return values as they are kept: int64 for whole numbers and truths, float32 for others."""
    return array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
