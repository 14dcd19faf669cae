"""A network's sizes, read from the shapes of its parameters (by our names)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from fashionsdk_training.config import Architecture
from fashionsdk_training.errors import CheckpointError


@dataclass(frozen=True)
class _Shapes:
    weights: Mapping[str, Tensor]

    def rows(self, key: str) -> int:
        return self._shape(key)[0]

    def columns(self, key: str) -> int:
        return self._shape(key)[1]

    def _shape(self, key: str) -> tuple[int, ...]:
        if key not in self.weights or self.weights[key].dim() < 2:
            raise CheckpointError(f"the parameter that becomes {key} is missing, or not a matrix")
        return tuple(self.weights[key].shape)


_REDUCE, _PROJECT = "attention_head.channel.reduce", "attention_head.project"


def _asen_sizes(shapes: _Shapes) -> tuple[dict[str, int], int]:
    return {
        "common_dimension": shapes.rows("spatial_table.weight"),
        "attribute_dimension": shapes.rows("channel_table.weight"),
        "hidden_dimension": shapes.rows(f"{_REDUCE}.weight"),
        "embedding_dimension": shapes.rows(f"{_PROJECT}.weight"),
    }, shapes.columns("spatial_table.weight")


def _asen_v2_sizes(shapes: _Shapes) -> tuple[dict[str, int], int]:
    return {
        "common_dimension": shapes.rows("attribute_branch.spatial.weight"),
        "attribute_dimension": shapes.columns("attribute_embedding.weight"),
        "hidden_dimension": shapes.rows(f"{_REDUCE}.weight"),
    }, shapes.rows("attribute_embedding.weight")


def _csn_sizes(shapes: _Shapes) -> tuple[dict[str, int], int]:
    return {"embedding_dimension": shapes.rows("project.weight")}, shapes.rows("masks")


def _ag_man_sizes(shapes: _Shapes) -> tuple[dict[str, int], int]:
    return {
        "common_dimension": shapes.rows("reduce.weight"),
        "attribute_dimension": shapes.columns("attribute_embedding.weight"),
        "hidden_dimension": shapes.rows("channel.reduce.weight"),
    }, shapes.rows("attribute_embedding.weight")


def _asen_pp_sizes(shapes: _Shapes) -> tuple[dict[str, int], int]:
    return {
        "common_dimension": shapes.rows("global_branch.attribute_branch.spatial.weight"),
        "attribute_dimension": shapes.columns("attribute_embedding.weight"),
        "hidden_dimension": shapes.rows(f"global_branch.{_REDUCE}.weight"),
        "embedding_dimension": shapes.rows(f"global_branch.{_PROJECT}.weight"),
    }, shapes.rows("attribute_embedding.weight")


_READERS: Mapping[Architecture, Callable[[_Shapes], tuple[dict[str, int], int]]] = {
    "asen": _asen_sizes,
    "asen_v2": _asen_v2_sizes,
    "csn": _csn_sizes,
    "ag_man": _ag_man_sizes,
    "asen_pp": _asen_pp_sizes,
}


def read_sizes(architecture: Architecture, weights: Mapping[str, Tensor]) -> tuple[dict[str, Any], int]:
    """Return the dimensions for a ``ModelConfig``, by its fields' names, and the number of attributes.

    Raises:
        CheckpointError: a parameter whose shape is needed is missing.
    """
    return _READERS[architecture](_Shapes(weights))


def read_local_sizes(weights: Mapping[str, Tensor]) -> tuple[int, int]:
    """Return the common and the hidden dimension of ASEN++'s local branch."""
    shapes = _Shapes(weights)
    return shapes.rows("local_branch.attribute_branch.spatial.weight"), shapes.rows(f"local_branch.{_REDUCE}.weight")
