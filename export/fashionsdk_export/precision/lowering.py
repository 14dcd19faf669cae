"""Make the FP16 and the INT8 graph of a float32 graph, each with the least float32 that its goal allows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from fashionsdk.bundle import Precision
from fashionsdk_export.errors import ExportError
from fashionsdk_export.precision.groups import groups
from fashionsdk_export.precision.half import spell_out_norms, to_half
from fashionsdk_export.precision.int8 import Quantiser
from fashionsdk_export.precision.island_search import Measured, keep_in_float
from fashionsdk_export.precision.judge import Goal, Judge
from fashionsdk_export.precision.rounding import with_every_rounding

# docs/decisions/precision.md says what was measured with these and others.
GOALS: Mapping[Precision, Goal] = {"fp16": Goal(loss=2e-4, agreement=0.95), "int8": Goal(loss=0.1, agreement=0.88)}
JUDGED = 64  # photos at most that graphs are compared on; INT8 is calibrated on the rest
FEWEST = 32  # photos for INT8


@dataclass(frozen=True)
class Lowered:
    """A graph of fewer bits.

    Attributes:
        model: the graph.
        kept: names of the nodes that stay in float32, of those that could be lowered.
    """

    model: onnx.ModelProto
    kept: tuple[str, ...]


def lower(model: onnx.ModelProto, precision: Precision, images: NDArray[np.uint8]) -> Lowered:
    """Return the graph in ``precision``.

    Args:
        model: the graph in float32.
        precision: ``"fp16"`` or ``"int8"``.
        images: uint8 ``(n, S, S, 3)``, model inputs such as the graph will see; INT8 takes ``FEWEST`` or more.

    Raises:
        ExportError: there are too few images, or the goal is missed with half of the graph in float32.
    """
    if precision == "fp16":
        return _half(model, Judge(model, images[:JUDGED], GOALS[precision]))
    if len(images) < FEWEST:
        raise ExportError(f"{len(images)} photos to calibrate int8 on; expected {FEWEST} or more, better 256")
    judged = min(JUDGED, len(images) // 4)
    return _int8(model, images[judged:], Judge(model, images[:judged], GOALS[precision]))


def _half(model: onnx.ModelProto, judge: Judge) -> Lowered:
    spelt = spell_out_norms(model)
    parts = groups(spelt)
    names = {name for part in parts for name in part}

    def make(lowered: Sequence[tuple[str, ...]]) -> onnx.ModelProto:
        return with_every_rounding(to_half(spelt, names - {name for part in lowered for name in part}))

    found = keep_in_float(parts, lambda some: judge(make(some)), lambda one: judge.cost(make([one])), "fp16")
    kept = tuple(name for part in found.kept for name in part)
    _check("fp16", found.result, len(found.kept), len(parts))
    return Lowered(to_half(spelt, kept), kept)


def _int8(model: onnx.ModelProto, images: NDArray[np.uint8], judge: Judge) -> Lowered:
    quantiser = Quantiser(model, images)
    layers = quantiser.layers()

    if not layers:
        raise ExportError("the graph has no convolution, so nothing can be int8; leave int8 out")
    quantise = quantiser.quantise
    found = keep_in_float(layers, lambda some: judge(quantise(some)), lambda one: judge.cost(quantise([one])), "int8")
    _check("int8", found.result, len(found.kept), len(layers))
    return Lowered(quantiser.quantise([name for name in layers if name not in found.kept]), found.kept)


def _check(precision: Precision, result: Measured, kept: int, count: int) -> None:
    goal = GOALS[precision]
    if not result.good or 2 * kept > count:
        raise ExportError(
            f"the {precision} graph keeps {kept} of {count} parts in float32 and is then "
            f"{'good enough, but little is lowered' if result.good else 'still too far from float32'} (goal: {goal}); "
            f"leave {precision} out, or give other photos to calibrate on"
        )
