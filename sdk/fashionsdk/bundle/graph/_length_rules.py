"""The shapes that change without arithmetic: lengths read, joined and cut, tensors reshaped, repeated, padded, resized.

Values are kept where they are small: exports compute lengths from the number of photos.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fashionsdk.bundle.graph._onnx_graph import MOST_VALUES, Node, RefusedGraphError, Tensor
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
    values,
    whole,
    word,
)

_FLOATS = (1, 10, 11, 16)  # onnx.proto's numbers of float types


def _kept(shape: tuple[int, ...], result: Any) -> Shaped:
    """Return a tensor with its values, ``None`` where they are not known."""
    if result is None or math.prod(shape) > MOST_VALUES:
        return Shaped(shape)
    return Shaped(shape, whole(np.asarray(result).reshape(shape)))


def _shape(node: Node, inputs: Inputs) -> list[Shaped]:
    lengths = needed(node, inputs, 0).shape
    end = number(node, "end", len(lengths))
    part = lengths[number(node, "start", 0) : end]
    return [_kept((len(part),), np.array(part, np.int64))]


def _size(node: Node, inputs: Inputs) -> list[Shaped]:
    return [_kept((), np.int64(needed(node, inputs, 0).size))]


def _identity(node: Node, inputs: Inputs) -> list[Shaped]:
    value = needed(node, inputs, 0)
    return [Shaped(value.shape, value.values)]


def _cast(node: Node, inputs: Inputs) -> list[Shaped]:
    value = needed(node, inputs, 0)
    if value.values is None:
        return [Shaped(value.shape)]
    with np.errstate(all="ignore"):
        kind = np.float32 if number(node, "to", 0) in _FLOATS else np.int64
        return [Shaped(value.shape, value.values.astype(kind))]


def _constant(node: Node, inputs: Inputs) -> list[Shaped]:
    value = node.attributes.get("value")
    if not isinstance(value, Tensor):
        raise RefusedGraphError("has a Constant that is no tensor")
    return [_kept(value.shape, value.values)]


def _gather(node: Node, inputs: Inputs) -> list[Shaped]:
    source, places = needed(node, inputs, 0), needed(node, inputs, 1)
    axis = axis_of(node, number(node, "axis", 0), len(source.shape))
    shape = source.shape[:axis] + places.shape + source.shape[axis + 1 :]
    known = source.values is not None and places.values is not None
    return [_kept(shape, np.take(source.values, places.values, axis) if known else None)]  # type: ignore[arg-type]


def _concat(node: Node, inputs: Inputs) -> list[Shaped]:
    parts = [needed(node, inputs, index) for index in range(len(inputs))]
    if not parts:
        raise ValueError("a node Concat has no input")
    axis = axis_of(node, number(node, "axis", 0), len(parts[0].shape))
    if len({(*part.shape[:axis], 0, *part.shape[axis + 1 :]) for part in parts}) > 1:
        raise ValueError("a node Concat joins tensors that do not fit")
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    known = [part.values for part in parts if part.values is not None]
    return [_kept(tuple(shape), np.concatenate(known, axis) if len(known) == len(parts) else None)]


def _reshape(node: Node, inputs: Inputs) -> list[Shaped]:
    value = needed(node, inputs, 0)
    wanted = [int(length) for length in values(node, inputs, 1).reshape(-1)]
    if not number(node, "allowzero", 0):
        wanted = [value.shape[i] if length == 0 and i < len(value.shape) else length for i, length in enumerate(wanted)]
    if wanted.count(-1) == 1:
        rest = math.prod(length for length in wanted if length != -1)
        wanted[wanted.index(-1)] = value.size // rest if rest else 0
    if min(wanted, default=0) < 0 or math.prod(wanted) != value.size:
        raise ValueError(f"a node Reshape makes {wanted} of {value.shape}")
    return [_kept(tuple(wanted), value.values)]


def _flatten(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = needed(node, inputs, 0).shape
    axis = number(node, "axis", 1)
    axis = axis if axis >= 0 else axis + len(shape)
    return [Shaped((math.prod(shape[:axis]), math.prod(shape[axis:])))]


def _squeeze(node: Node, inputs: Inputs) -> list[Shaped]:
    value = needed(node, inputs, 0)
    rank, given = len(value.shape), integers(node, inputs, 1, "axes")
    axes = [i for i in range(rank) if value.shape[i] == 1] if given is None else [axis_of(node, i, rank) for i in given]
    if any(value.shape[axis] != 1 for axis in axes):
        raise ValueError(f"a node Squeeze takes the axes {axes} from {value.shape}")
    return [_kept(tuple(length for i, length in enumerate(value.shape) if i not in axes), value.values)]


def _unsqueeze(node: Node, inputs: Inputs) -> list[Shaped]:
    value, given = needed(node, inputs, 0), integers(node, inputs, 1, "axes") or ()
    axes = {axis_of(node, axis, len(value.shape) + len(given)) for axis in given}
    lengths = iter(value.shape)
    shape = [1 if i in axes else next(lengths) for i in range(len(value.shape) + len(axes))]
    return [_kept(tuple(shape), value.values)]


def _transpose(node: Node, inputs: Inputs) -> list[Shaped]:
    value = needed(node, inputs, 0)
    order = numbers(node, "perm") or tuple(reversed(range(len(value.shape))))
    if sorted(order) != list(range(len(value.shape))):
        raise ValueError(f"a node Transpose orders {value.shape} by {order}")
    known = None if value.values is None else value.values.transpose(order)
    return [_kept(tuple(value.shape[axis] for axis in order), known)]


def _expand(node: Node, inputs: Inputs) -> list[Shaped]:
    value, wanted = needed(node, inputs, 0), tuple(int(length) for length in values(node, inputs, 1).reshape(-1))
    shape = broadcast_shape(value.shape, wanted)
    small = value.values is not None and math.prod(shape) <= MOST_VALUES
    return [_kept(shape, np.broadcast_to(value.values, shape) if small else None)]  # type: ignore[arg-type]


def _filled(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = tuple(int(length) for length in values(node, inputs, 0).reshape(-1))
    if min(shape, default=0) < 0:
        raise ValueError(f"a node ConstantOfShape makes {shape}")
    value = node.attributes.get("value")
    fill = value.values if isinstance(value, Tensor) else np.zeros(1, np.float32)
    small = fill is not None and fill.size == 1 and math.prod(shape) <= MOST_VALUES
    return [_kept(shape, np.full(shape, fill.reshape(-1)[0]) if small and fill is not None else None)]


def _tile(node: Node, inputs: Inputs) -> list[Shaped]:
    shape, times = needed(node, inputs, 0).shape, values(node, inputs, 1).reshape(-1)
    if len(times) != len(shape) or min(times, default=0) < 0:
        raise ValueError(f"a node Tile repeats {shape} by {times}")
    return [Shaped(tuple(length * int(time) for length, time in zip(shape, times, strict=True)))]


def _slice(node: Node, inputs: Inputs) -> list[Shaped]:
    value = needed(node, inputs, 0)
    starts, ends = integers(node, inputs, 1, "starts") or (), integers(node, inputs, 2, "ends") or ()
    axes = integers(node, inputs, 3, "axes") or tuple(range(len(starts)))
    steps = integers(node, inputs, 4, "steps") or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise ValueError("a node Slice has other numbers of starts, ends, axes and steps")
    cuts = [slice(None)] * len(value.shape)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        low = end <= -(1 << 31) and step < 0  # as far down as there is
        cuts[axis_of(node, axis, len(cuts))] = slice(start, None if low else end, step)
    shape = tuple(len(range(length)[cut]) for length, cut in zip(value.shape, cuts, strict=True))
    return [_kept(shape, None if value.values is None else value.values[tuple(cuts)])]


def _split(node: Node, inputs: Inputs) -> list[Shaped]:
    shape, count = needed(node, inputs, 0).shape, len(node.outputs)
    axis = axis_of(node, number(node, "axis", 0), len(shape))
    lengths = integers(node, inputs, 1, "split")
    if lengths is None:
        each = -(-shape[axis] // count)
        lengths = (*(each,) * (count - 1), shape[axis] - each * (count - 1))
    if len(lengths) != count or min(lengths) < 0 or sum(lengths) != shape[axis]:
        raise ValueError(f"a node Split cuts {shape[axis]} into {lengths}")
    return [Shaped((*shape[:axis], length, *shape[axis + 1 :])) for length in lengths]


def _pad(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = needed(node, inputs, 0).shape
    pads = integers(node, inputs, 1, "pads") or ()
    axes = integers(node, inputs, 3, "") or tuple(range(len(shape)))
    if len(pads) != 2 * len(axes):
        raise ValueError(f"a node Pad pads {shape} by {pads}")
    lengths = list(shape)
    for i, axis in enumerate(axes):
        lengths[axis_of(node, axis, len(shape))] += pads[i] + pads[i + len(axes)]
    if min(lengths, default=0) < 0:
        raise ValueError(f"a node Pad pads {shape} by {pads}")
    return [Shaped(tuple(lengths))]


def _resize(node: Node, inputs: Inputs) -> list[Shaped]:
    shape = needed(node, inputs, 0).shape
    if word(node, "keep_aspect_ratio_policy", b"stretch") != b"stretch":
        raise RefusedGraphError("has a node Resize that keeps an aspect ratio")
    axes = [axis_of(node, axis, len(shape)) for axis in numbers(node, "axes") or range(len(shape))]
    lengths = list(shape)
    if len(inputs) > 3 and inputs[3] is not None:
        sizes = [int(size) for size in values(node, inputs, 3).reshape(-1)]
    else:
        scales = values(node, inputs, 2).reshape(-1).astype(np.float64)
        if len(scales) != len(axes) or not (np.isfinite(scales) & (scales > 0) & (scales < 2**31)).all():
            raise ValueError(f"a node Resize has the scales {scales}")
        sizes = [math.floor(shape[axis] * scale) for axis, scale in zip(axes, scales, strict=True)]
    if len(sizes) != len(axes) or min(sizes, default=0) < 0:
        raise ValueError(f"a node Resize makes {sizes} of {shape}")
    for axis, size in zip(axes, sizes, strict=True):
        lengths[axis] = size
    return [Shaped(tuple(lengths), work=16)]  # a cubic filter reads 4 x 4


LENGTH_RULES: Mapping[str, Rule] = {
    "Cast": _cast,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": _identity,
    "Pad": _pad,
    "Reshape": _reshape,
    "Resize": _resize,
    "Shape": _shape,
    "Size": _size,
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
