"""A node of a graph, and the values between nodes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from fashionsdk_export.errors import ExportError

# A tensor; or whole numbers, one or a list, of which some may be a symbol for the batch; or nothing, for an input that
# a node leaves out.
Value: TypeAlias = Any


# Computes a node of the values that it reads.
Rule: TypeAlias = "Callable[[Node, Sequence[Value]], Any]"


@dataclass(frozen=True)
class Node:
    """One operation: the operator, the names of what it reads and writes, and its settings."""

    operator: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any]

    def refuse(self, why: str) -> ExportError:
        """Return the error for what no export writes, so that no rule computes it."""
        return ExportError(
            f"a node {self.operator} {why}, which engines for AOTInductor lack; run the graph itself, with "
            "runtime='onnxruntime'"
        )


def tensor(value: Value, like: Tensor) -> Tensor:
    """Return a value as a tensor on the device of another."""
    return value if isinstance(value, Tensor) else torch.tensor(value, device=like.device)


def tensors(given: Sequence[Value]) -> list[Tensor]:
    """Return values of which at least one is a tensor as tensors on its device."""
    like = next(value for value in given if isinstance(value, Tensor))
    return [tensor(value, like) for value in given]


def axes(node: Node, given: Sequence[Value]) -> list[int] | None:
    """Return the axes that the second input or, in older operators, an attribute names; ``None`` for all."""
    named = given[1] if len(given) > 1 else node.attributes.get("axes")
    if isinstance(named, Tensor):
        raise node.refuse("computes its axes")
    return None if named is None else [named] if isinstance(named, int) else list(named)
