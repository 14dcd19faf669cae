"""Attention that points: how often a map's peak lies in the region where the attribute is decided.

This is the pointing game (Zhang et al., "Top-down Neural Attention by Excitation Backprop", arXiv:1608.00507), with
boxes for regions and without a margin around them.

A photo's attention covers its centre square, which is all that the model sees; the square's sides are 0 to 1 here, x to
the right and y down. The input's size is rounded to whole pixels, so its square and this one may differ by a pixel.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.labels import Box, Boxes


@dataclass(frozen=True)
class PointingScore:
    """How one attribute's attention points, or all attributes'.

    Attributes:
        attribute: its name.
        photos: how many have a box.
        hits: in how many of these the peak lies inside it.
        rate: the share of hits in percent.
        random: the share in percent that a random place in the centre square would hit: the boxes' mean area there.
    """

    attribute: str
    photos: int
    hits: int
    rate: float
    random: float


@dataclass(frozen=True)
class Pointing:
    """Scores per attribute and over all.

    Attributes:
        attributes: a score for each attribute that has boxes.
        overall: over all boxes.
        missing: boxes without attention, of photos that could not be read.
    """

    attributes: tuple[PointingScore, ...]
    overall: PointingScore
    missing: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def table(self) -> str:
        """Return the scores as a text table, one line an attribute, all boxes last."""
        head = f"{'attribute':<20} {'photos':>8} {'hits':>8} {'random':>7} {'inside':>7}"
        return "\n".join([head, *map(_line, (*self.attributes, self.overall))])


def _line(score: PointingScore) -> str:
    return f"{score.attribute:<20} {score.photos:>8} {score.hits:>8} {score.random:>7.2f} {score.rate:>7.2f}"


Look = tuple[int, NDArray[np.float32], tuple[int, int]]


def pointing(boxes: Boxes, looks: Iterable[Look], attributes: Sequence[str]) -> Pointing:
    """Count the attention maps whose peak lies inside the attribute's box.

    Args:
        boxes: photo -> attribute's name -> box, as :func:`fashionsdk.labels._attribute_boxes.read_boxes` returns them.
        looks: photo, its attention ``(A, h, w)``, and its width and height in pixels, upright. Photos without a box
            are passed over; a photo that never comes could not be read: its boxes are left out and counted.
        attributes: the names of the A attributes; boxes of others are left out.

    Raises:
        ValueError: no box is left, an attribute is named twice, or attention has another shape than ``(A, h, w)``.
    """
    if len(set(attributes)) != len(attributes):
        raise ValueError(f"attributes are {', '.join(attributes)}; expected each once")
    found: dict[str, list[tuple[bool, float]]] = {name: [] for name in attributes}
    for photo, attention, size in looks:
        for name, judged in _judge(boxes.get(photo, {}), attention, size, attributes).items():
            found[name].append(judged)
    asked = sum(name in found for named in boxes.values() for name in named)
    judgements = [judged for each in found.values() for judged in each]
    if not judgements:
        raise ValueError(f"attention came for none of the {asked} boxes of {', '.join(attributes)}")
    scores = tuple(_score(name, each) for name, each in found.items() if each)
    return Pointing(scores, _score("all boxes", judgements), asked - len(judgements))


def _judge(
    boxes: Mapping[str, Box], attention: NDArray[np.float32], size: tuple[int, int], attributes: Sequence[str]
) -> dict[str, tuple[bool, float]]:
    """Return for each box in one photo whether the peak is inside, and the box's area in the square."""
    if attention.ndim != 3 or len(attention) != len(attributes):
        raise ValueError(f"attention has shape {attention.shape}; expected ({len(attributes)}, h, w)")
    names = [name for name in attributes if name in boxes]
    if not names:
        return {}
    edges = np.array([(box.left, box.top, box.right, box.bottom) for box in map(boxes.__getitem__, names)])
    edges = in_square(edges, size)  # (n, 4)
    inside = points_inside(attention[list(select(attributes, names))], edges)
    return dict(zip(names, zip(inside.tolist(), visible_area(edges).tolist(), strict=True), strict=True))


def _score(name: str, judged: Sequence[tuple[bool, float]]) -> PointingScore:
    hits, area = np.array(judged, np.float64).T
    rate, random = (round(float(100 * column.mean()), 4) for column in (hits, area))
    return PointingScore(name, len(judged), int(hits.sum()), rate, random)


def peak(attention: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the centre of the cell with the most attention as x and y in 0 to 1: ``(..., h, w)`` to ``(..., 2)``.

    Of equal cells it is the first, row by row.

    Raises:
        ValueError: there is no cell, or a value is not finite.
    """
    if attention.ndim < 2 or 0 in attention.shape[-2:] or not np.isfinite(attention).all():
        raise ValueError(
            f"attention of shape {attention.shape}; expected (..., h, w) with finite values, h and w from 1"
        )
    height, width = attention.shape[-2:]
    row, column = np.divmod(attention.reshape(*attention.shape[:-2], -1).argmax(axis=-1), width)
    return np.stack([(column + 0.5) / width, (row + 0.5) / height], axis=-1)


def in_square(boxes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Map boxes ``(..., 4)`` from fractions of a photo to its centre square's.

    Where a box reaches beyond the square, its edges are below 0 or above 1.

    Args:
        boxes: left, top, right, bottom, each 0 to 1.
        size: the photo's width and height; only their ratio matters.

    Raises:
        ValueError: a side is not positive.
    """
    if min(size) <= 0:
        raise ValueError(f"size is {size}; expected a positive width and height")
    scale = np.array(size, np.float64) / min(size)  # the photo's sides, measured in the square's
    edges: NDArray[np.float64] = boxes * np.tile(scale, 2) - np.tile((scale - 1) / 2, 2)
    return edges


def points_inside(attention: NDArray[np.float32], boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell where attention's peak lies in the box, edges included: ``(..., h, w)`` and ``(..., 4)`` to ``(...)``.

    ``boxes`` hold left, top, right, bottom in the centre square, so for a square photo its fractions as they are, and
    for others what :func:`in_square` returns.

    Raises:
        ValueError: as :func:`peak`.
    """
    place = peak(attention)  # (..., 2)
    inside = (boxes[..., :2] <= place) & (place <= boxes[..., 2:])
    return np.asarray(inside.all(axis=-1))


def visible_area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the centre square, 0 to 1, that boxes ``(..., 4)`` in its coordinates cover: ``(...)``."""
    edges = np.clip(boxes, 0, 1)
    return np.asarray((edges[..., 2:] - edges[..., :2]).prod(axis=-1))
