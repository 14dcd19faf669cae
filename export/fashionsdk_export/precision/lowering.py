"""Make the FP16 or INT8 graph of a float32 graph, with as little float32 as its goal allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from fashionsdk.bundle import Precision
from fashionsdk_export.errors import ExportError
from fashionsdk_export.precision.convolution_share import convolution_share
from fashionsdk_export.precision.half import HalfGraphs, spell_out_norms, to_half
from fashionsdk_export.precision.int8 import Quantiser
from fashionsdk_export.precision.island_search import Measurement, keep_in_float
from fashionsdk_export.precision.node_groups import node_groups
from fashionsdk_export.precision.precision_loss import Goal, PrecisionLoss
from fashionsdk_export.precision.rounding import with_every_rounding

# The measurements with these and other goals are in docs/decisions/precision.md.
GOALS: Mapping[Precision, Goal] = {"fp16": Goal(loss=2e-4, agreement=0.95), "int8": Goal(loss=0.1, agreement=0.88)}
COMPARED = 64  # photos at most that graphs are compared on; INT8 is calibrated on the rest
MIN_PHOTOS = 32  # for INT8
LEAST_CONVOLUTIONS = 0.25  # of a graph's arithmetic: with less INT8 saves little, and casts cost


@dataclass(frozen=True)
class Lowered:
    """A graph in lower precision.

    Attributes:
        model: the graph.
        in_float: names of the nodes that could be lowered and stay float32.
    """

    model: onnx.ModelProto
    in_float: tuple[str, ...]


def lower(
    model: onnx.ModelProto, precision: Precision, images: NDArray[np.uint8], *, progress: bool = False
) -> Lowered:
    """Return the graph in ``precision``.

    Args:
        model: the graph in float32.
        precision: ``"fp16"`` or ``"int8"``.
        images: uint8 ``(n, H, W, 3)``, model inputs like those of later use; INT8 needs ``MIN_PHOTOS`` or more.
        progress: whether to show progress bars.

    Raises:
        ExportError: there are too few images, the goal is missed with half of the graph in float32, or INT8 would leave
            nearly all arithmetic in float32, as in a transformer.
    """
    if precision == "fp16":
        return _half(model, PrecisionLoss(model, images[:COMPARED], GOALS[precision]), progress)
    if len(images) < MIN_PHOTOS:
        raise ExportError(f"{len(images)} photos to calibrate int8 on; expected {MIN_PHOTOS} or more, better 256")
    _check_convolutions(model)
    compared = min(COMPARED, len(images) // 4)
    loss = PrecisionLoss(model, images[:compared], GOALS[precision])
    return _int8(model, images[compared:], loss, progress)


def _half(model: onnx.ModelProto, loss: PrecisionLoss, progress: bool) -> Lowered:
    spelt = spell_out_norms(model)
    parts = node_groups(spelt)
    names = {name for part in parts for name in part}
    half = HalfGraphs(spelt)

    def make(lowered: Sequence[tuple[str, ...]]) -> onnx.ModelProto:
        return with_every_rounding(half(names - {name for part in lowered for name in part}))

    search = keep_in_float(
        parts, lambda some: loss(make(some)), lambda one: loss.cost(make([one])), "fp16", progress=progress
    )
    in_float = tuple(name for part in search.in_float for name in part)
    _check("fp16", search.result, len(search.in_float), len(parts))
    return Lowered(to_half(spelt, in_float), in_float)


def _check_convolutions(model: onnx.ModelProto) -> None:
    """Raise an ExportError if INT8, which lowers convolutions, would leave nearly all arithmetic in float32."""
    if not any(node.op_type == "Conv" for node in model.graph.node):
        raise ExportError("the graph has no convolution, so nothing can be int8; leave int8 out")
    if (share := convolution_share(model)) < LEAST_CONVOLUTIONS:
        raise ExportError(
            f"int8 lowers convolutions, which do {share:.0%} of this graph's arithmetic; matrix products, as in "
            "transformers, stay in float32: leave int8 out and take fp16"
        )


def _int8(model: onnx.ModelProto, images: NDArray[np.uint8], loss: PrecisionLoss, progress: bool) -> Lowered:
    quantiser = Quantiser(model, images, progress=progress)
    layers = quantiser.layers()
    quantise = quantiser.quantise
    search = keep_in_float(
        layers, lambda some: loss(quantise(some)), lambda one: loss.cost(quantise([one])), "int8", progress=progress
    )
    _check("int8", search.result, len(search.in_float), len(layers))
    return Lowered(quantise([name for name in layers if name not in search.in_float]), search.in_float)


def _check(precision: Precision, result: Measurement, in_float: int, count: int) -> None:
    goal = GOALS[precision]
    if not result.good or 2 * in_float > count:
        raise ExportError(
            f"the {precision} graph keeps {in_float} of {count} parts in float32 and is then "
            f"{'good enough, but little is lowered' if result.good else 'still too far from float32'} (goal: {goal}); "
            f"leave {precision} out, or give other photos to calibrate on"
        )
