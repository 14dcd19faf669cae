"""Operators that move or copy the numbers of tensors, as PyTorch does."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from fashionsdk_export.inductor.node_values import Node, Rule, Value, axes, tensors


def _reshape(node: Node, given: Sequence[Value]) -> Tensor:
    values, lengths = _with_lengths(node, given)
    copies = not node.attributes.get("allowzero", 0)
    kept = [values.shape[i] if copies and isinstance(n, int) and n == 0 else n for i, n in enumerate(lengths)]
    return values.reshape(kept)


def _with_lengths(node: Node, given: Sequence[Value]) -> tuple[Tensor, list[Any]]:
    values, lengths = given
    if isinstance(lengths, Tensor):
        raise node.refuse("computes its lengths from a photo")
    return values, lengths


def _expand(node: Node, given: Sequence[Value]) -> Tensor:
    values, lengths = _with_lengths(node, given)
    rank = max(values.dim(), len(lengths))
    own, asked = ([1] * (rank - len(shape)) + list(shape) for shape in (values.shape, lengths))
    # A length of 1 leaves one as it is, unlike in PyTorch. The batch is no `int` where it is a symbol.
    return values.expand([n if isinstance(m, int) and m == 1 else m for n, m in zip(own, asked, strict=True)])


def _squeeze(node: Node, given: Sequence[Value]) -> Tensor:
    values, over = tensors(given[:1])[0], axes(node, given)
    return values.squeeze() if over is None else values.squeeze(tuple(over))


def _unsqueeze(node: Node, given: Sequence[Value]) -> Tensor:
    values, places = tensors(given[:1])[0], axes(node, given) or []
    rank = values.dim() + len(places)
    for place in sorted(each % rank for each in places):
        values = values.unsqueeze(place)
    return values


def _slice(node: Node, given: Sequence[Value]) -> Tensor:
    (values,), (starts, ends) = tensors(given[:1]), given[1:3]
    over = given[3] if len(given) > 3 and given[3] is not None else range(len(starts))
    steps = given[4] if len(given) > 4 and given[4] is not None else [1] * len(starts)
    parts = [slice(None)] * values.dim()
    for axis, start, end, step in zip(over, starts, ends, steps, strict=True):
        parts[axis] = slice(start, end, step)
    return values[tuple(parts)]


def _gather(node: Node, given: Sequence[Value]) -> Tensor:
    values, index = tensors(given)
    axis = node.attributes.get("axis", 0) % values.dim()
    index = torch.where(index < 0, index + values.shape[axis], index)
    taken = values.index_select(axis, index.reshape(-1))
    return taken.reshape(*values.shape[:axis], *index.shape, *values.shape[axis + 1 :])


def _resize(node: Node, given: Sequence[Value]) -> Tensor:
    words = ("mode", "coordinate_transformation_mode", "nearest_mode", "antialias")
    defaults = ("nearest", "half_pixel", "round_prefer_floor", 0)
    settings = [node.attributes.get(word, default) for word, default in zip(words, defaults, strict=True)]
    images, size = given[0], _resized(node, given)
    if settings[:2] == ["linear", "half_pixel"] and not settings[3]:
        return F.interpolate(images, size=size, mode="bilinear", align_corners=False)
    if settings[:3] == ["nearest", "asymmetric", "floor"]:
        return F.interpolate(images, size=size, mode="nearest")
    raise node.refuse(f"resizes with the settings {settings}")


def _resized(node: Node, given: Sequence[Value]) -> list[int]:
    """Return the height and width that `Resize` makes."""
    scales, sizes = (*given, None, None)[2:4]
    if isinstance(sizes, list):
        return sizes[2:]
    if not isinstance(scales, list) or scales[:2] != [1.0, 1.0]:
        raise node.refuse("names no lengths")
    return [math.floor(length * scale) for length, scale in zip(given[0].shape[2:], scales[2:], strict=True)]


def _pad(node: Node, given: Sequence[Value]) -> Tensor:
    values, pads, value = (*given, None)[:3]
    if node.attributes.get("mode", "constant") != "constant" or len(given) > 3:
        raise node.refuse("pads with other values than a constant")
    rank = values.dim()
    pairs = [length for axis in reversed(range(rank)) for length in (pads[axis], pads[axis + rank])]
    return F.pad(values, pairs, value=0.0 if value is None else float(value))


MOVES: Mapping[str, Rule] = {
    "Concat": lambda node, given: torch.cat(tensors(given), node.attributes["axis"]),
    "Expand": _expand,
    "Flatten": lambda node, given: given[0].flatten(node.attributes.get("axis", 1)),
    "Gather": _gather,
    "Identity": lambda node, given: given[0],
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": lambda node, given: given[0].permute(node.attributes["perm"]),
    "Unsqueeze": _unsqueeze,
}
