"""Evaluates attention: how often a map's peak lies in the region where the attribute is decided.

This is the pointing game (Zhang et al., "Top-down Neural Attention by Excitation Backprop", arXiv:1608.00507), with
boxes for regions and without a margin around them.

A map covers the model's input, which shows the middle of a photo, or the whole photo with padding beside it
(`fashionsdk.photos.Placement`). Here the input's sides are 0 to 1, x to the right and y down. A peak in the padding is
a miss.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.evaluation._fixed_place import fixed_place_hits, surely_more
from fashionsdk.evaluation._peak import peak
from fashionsdk.evaluation._scores import AttributeScore, Scores
from fashionsdk.labels import Box, Boxes

if TYPE_CHECKING:
    from fashionsdk.photos import Placement  # not at run time: it would load Pillow


@dataclass(frozen=True)
class PointingScore(AttributeScore):
    """How one attribute's attention points, or the attention of all attributes.

    Attributes:
        attribute: its name.
        photos: how many have a box.
        hits: photos whose peak lies inside the box.
        rate: the share of hits in percent.
        random: the share in percent that a random place of what the model sees would hit: the boxes' mean area there.
        fixed: the share in percent that one fixed place of the photo would hit, the best for the attribute's other
            photos, of 20 by 20.
        better: whether attention has surely more hits than the fixed place: a sign test over photos, at 5 percent. If
            not, its maps need not be about the photo.
    """

    photos: int
    hits: int
    rate: float
    random: float
    fixed: float
    better: bool

    def columns(self) -> dict[str, float]:
        """Return the table's columns: name -> a count (int) or percent (float)."""
        shares = {"random": self.random, "fixed": self.fixed, "inside": self.rate}
        return {"photos": self.photos, "hits": self.hits, **shares}


@dataclass(frozen=True)
class Pointing(Scores[PointingScore]):
    """Scores per attribute and over all boxes.

    Attributes:
        attributes: a score for each attribute that has boxes.
        overall: over all boxes.
        missing: boxes of photos without attention.
    """

    missing: int

    def doubtful(self) -> list[str]:
        """Return the attributes whose attention points no better than one fixed place, or a random one, would."""
        return [score.attribute for score in self.attributes if not (score.better and score.rate > score.random)]


PhotoAttention: TypeAlias = "tuple[int, NDArray[np.float32], Placement]"  # photo, (A, h, w), where it lies in the input


def pointing(boxes: Boxes, photos: Iterable[PhotoAttention], attributes: Sequence[str]) -> Pointing:
    """Count the attention maps whose peak lies inside the attribute's box.

    Args:
        boxes: photo -> attribute's name -> box, as `fashionsdk.labels.read_boxes` returns them.
        photos: each photo's index, attention ``(A, h, w)``, and placement, of ``Preprocessing.placement``. Photos
            without a box are ignored. Boxes of photos that are not given are left out and counted.
        attributes: the names of the A attributes; boxes of others are left out.

    Raises:
        ValueError: no box is left, an attribute is named twice, or attention has another shape than ``(A, h, w)``.
    """
    if len(set(attributes)) != len(attributes):
        raise ValueError(f"attributes are {', '.join(attributes)}; expected each once")
    results: dict[str, list[tuple[bool, float, Box]]] = {name: [] for name in attributes}
    for photo, attention, placement in photos:
        boxed = boxes.get(photo, {})
        for name, (inside, area) in _hits(boxed, attention, placement, attributes).items():
            results[name].append((inside, area, boxed[name]))
    count = sum(name in results for named in boxes.values() for name in named)
    found = {name: _Found.of(of_attribute) for name, of_attribute in results.items() if of_attribute}
    if not found:
        raise ValueError(f"attention came for none of the {count} boxes of {', '.join(attributes)}")
    every = _Found(*map(np.concatenate, zip(*found.values(), strict=True)))
    scores = tuple(_score(name, of_attribute) for name, of_attribute in found.items())
    return Pointing(scores, _score("all boxes", every), count - len(every.hits))


class _Found(NamedTuple):
    """What was found in the photos with a box of one attribute: ``(N,)`` each."""

    hits: NDArray[np.bool_]
    area: NDArray[np.float64]
    fixed: NDArray[np.bool_]

    @classmethod
    def of(cls, results: Sequence[tuple[bool, float, Box]]) -> "_Found":
        inside, area, boxes = zip(*results, strict=True)
        edges = np.array([(box.left, box.top, box.right, box.bottom) for box in boxes])
        return cls(np.array(inside), np.array(area), fixed_place_hits(edges))


def _hits(
    boxes: Mapping[str, Box], attention: NDArray[np.float32], placement: "Placement", attributes: Sequence[str]
) -> dict[str, tuple[bool, float]]:
    """Return, for each box in one photo, whether the peak is inside, and its share of what the model sees."""
    if attention.ndim != 3 or len(attention) != len(attributes):
        raise ValueError(f"attention has shape {attention.shape}; expected ({len(attributes)}, h, w)")
    names = [name for name in attributes if name in boxes]
    if not names:
        return {}
    edges = np.array([(box.left, box.top, box.right, box.bottom) for box in map(boxes.__getitem__, names)])
    edges = in_input(edges, placement)  # (n, 4)
    inside = points_inside(attention[list(select(attributes, names))], edges)
    return dict(zip(names, zip(inside.tolist(), visible_area(edges, placement).tolist(), strict=True), strict=True))


def _score(name: str, found: _Found) -> PointingScore:
    rate, random, fixed = (round(float(100 * column.mean()), 4) for column in found)
    better = surely_more(found.hits, found.fixed)
    return PointingScore(name, len(found.hits), int(found.hits.sum()), rate, random, fixed, better)


def in_input(boxes: NDArray[np.float64], placement: "Placement") -> NDArray[np.float64]:
    """Map boxes ``(..., 4)``, left, top, right, bottom, from fractions of a photo to fractions of the model's input.

    Where a box reaches beyond the input, its edges are below 0 or above 1.
    """
    left, top, right, bottom = placement.part
    pixels = boxes * np.tile([right - left, bottom - top], 2) + np.tile([left, top], 2)
    return np.asarray(placement.to_input(pixels) / np.tile(placement.input, 2))


def points_inside(attention: NDArray[np.float32], boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return whether attention's peak lies in the box, edges included: ``(..., h, w)`` and ``(..., 4)`` to ``(...)``.

    ``boxes`` hold left, top, right, bottom in the input, as `in_input` returns them.

    Raises:
        ValueError: as `peak`.
    """
    place = peak(attention)  # (..., 2)
    inside = (boxes[..., :2] <= place) & (place <= boxes[..., 2:])
    return np.asarray(inside.all(axis=-1))


def visible_area(boxes: NDArray[np.float64], placement: "Placement") -> NDArray[np.float64]:
    """Return the share, 0 to 1, of what the model sees of a photo that boxes ``(..., 4)`` cover: ``(...)``."""
    shown = np.array(placement.visible) / np.tile(placement.input, 2)
    edges = np.clip(boxes, np.tile(shown[:2], 2), np.tile(shown[2:], 2))
    return np.asarray((edges[..., 2:] - edges[..., :2]).prod(axis=-1) / (shown[2:] - shown[:2]).prod())
