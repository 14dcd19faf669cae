"""Compares labelled photos with the quality that an export recorded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.printable_text import printable
from fashionsdk.bundle import Quality
from fashionsdk.errors import LabelsError
from fashionsdk.evaluation._scores import AttributeScore, Scores
from fashionsdk.evaluation.drift._attribute_map import AttributeMap, EmbeddedSplit, attribute_map, covariance
from fashionsdk.evaluation.drift._several_tests import LEAST_ERROR, half_widths
from fashionsdk.evaluation.drift._standard_gallery import STANDARD_GALLERY

Verdict: TypeAlias = Literal["dropped", "improved", "no difference can be shown"]
LEAST_PHOTOS = 20  # on either side
LEAST_COVERED = 0.8  # of the recorded photos must have a value that the new photos show too


@dataclass(frozen=True)
class AttributeDrift(AttributeScore):
    """How one attribute's quality, or that over all attributes, differs from what was recorded.

    MAP is that in the standard gallery, in percent, over the values that both sides have.

    Attributes:
        attribute: its name.
        photos: how many new photos were measured.
        recorded: MAP of the photos that were exported with.
        now: MAP of the new photos.
        difference: ``now - recorded``, in points.
        low: lower end of the difference's interval, corrected for the number of lines.
        high: its upper end.
        covered: share of the recorded photos whose values the new photos show, 0 to 1.
    """

    photos: int
    recorded: float
    now: float
    difference: float
    low: float
    high: float
    covered: float

    @property
    def verdict(self) -> Verdict:
        """What can be said: 0 is below the interval, above it, or in it."""
        if self.high < 0:
            return "dropped"
        return "improved" if self.low > 0 else "no difference can be shown"

    def columns(self) -> Mapping[str, float]:
        """Return the table's columns: name -> a count (int), percent or points (float)."""
        maps = {"photos": self.photos, "recorded": self.recorded, "now": self.now}
        return {**maps, "difference": self.difference, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Drift(Scores[AttributeDrift]):
    """What differs from the recorded quality, attribute by attribute and over all.

    Attributes:
        not_compared: attribute -> why it could not be.
    """

    not_compared: Mapping[str, str] = field(default_factory=dict)

    @property
    def dropped(self) -> tuple[str, ...]:
        """The attributes whose quality dropped; with the name of the line over all, if that did."""
        return tuple(each.attribute for each in (*self.attributes, self.overall) if each.verdict == "dropped")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        lines = [{**asdict(each), "verdict": each.verdict} for each in (*self.attributes, self.overall)]
        return {"attributes": lines[:-1], "overall": lines[-1], "not_compared": dict(self.not_compared)}

    def table(self) -> str:
        """Return a line per attribute with its verdict, one over all, and one for each that was not compared."""
        head, *lines = super().table().split("\n")
        each = zip(lines, (*self.attributes, self.overall), strict=True)
        verdicts = [f"{line}  {score.verdict}" for line, score in each]
        reasons = [printable(f"not compared: {name}: {reason}") for name, reason in self.not_compared.items()]
        return "\n".join([f"{head}  verdict", *verdicts, *reasons])


@dataclass(frozen=True, eq=False)
class _Side:
    """One attribute to compare: the recorded quality over the values that both sides have, and the new photos."""

    new: AttributeMap
    recorded: float
    covered: float
    weight: int  # recorded photos


def measure_drift(data: EmbeddedSplit, quality: Quality, seed: int = 0) -> Drift:
    """Compare new photos with the recorded quality of a graph.

    Both MAPs are those of photos that ask in one standard gallery: 100 photos with the recorded shares of values. Their
    errors add up, for the two sets of photos are independent. An interval that leaves out 0 is a difference; in 95 of
    100 comparisons of photos from the same source, no line has one (Holm's correction).

    Args:
        data: labelled photos and their embeddings by the model whose quality was recorded, or by another.
        quality: what its export recorded.
        seed: of the sample that many photos are measured on.

    Raises:
        LabelsError: no attribute can be compared.
    """
    if quality.gallery != STANDARD_GALLERY:
        raise LabelsError(
            f"the recorded quality is of a gallery of {quality.gallery} photos, expected {STANDARD_GALLERY}; export "
            "the model again with this version"
        )
    rng, sides, reasons = np.random.default_rng(seed), [], {}
    places = {attribute.name: a for a, attribute in enumerate(data.split.attributes)}
    for name in quality.values:
        side = _side(data, places.get(name), quality, name, rng)
        if isinstance(side, str):
            reasons[name] = side
        else:
            sides.append(side)
    if not sides:
        words = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise LabelsError(f"no attribute can be compared with the recorded quality: {words}")
    return _compared(data, quality, sides, reasons)


def _side(data: EmbeddedSplit, a: int | None, quality: Quality, name: str, rng: np.random.Generator) -> _Side | str:
    """Return one attribute to compare, or why it cannot be."""
    if a is None or name not in data.attributes:
        return "the new photos have no such label"
    recorded = {value: each for value, each in quality.values[name].items() if each.map is not None}
    weight = quality.photos(name)
    if weight < LEAST_PHOTOS:
        return f"{weight} recorded photos; expected {LEAST_PHOTOS} or more"
    new = attribute_map(data, a, quality.values[name], rng)
    shared = {} if new is None else {value: recorded[value] for value in new.measured if value in recorded}
    count = sum(each.photos for each in shared.values())
    if new is None or not count or count < LEAST_COVERED * weight:
        lacking = ", ".join(value for value in recorded if value not in shared)
        return f"too few photos of {lacking}: the other values are {count} of {weight} recorded photos"
    if len(new.queries) < LEAST_PHOTOS:
        return f"{len(new.queries)} new photos; expected {LEAST_PHOTOS} or more"
    total = sum(each.photos * each.map for each in shared.values() if each.map is not None)
    return _Side(new, total / count, count / weight, weight)


def _compared(data: EmbeddedSplit, quality: Quality, sides: list[_Side], reasons: dict[str, str]) -> Drift:
    names = [side.new.name for side in sides]
    weights = np.array([side.weight for side in sides], np.float64)
    rows = np.vstack([np.eye(len(sides)), weights / weights.sum()])  # (A + 1, A): each attribute, and all of them
    now = np.array([side.new.map for side in sides])
    recorded = np.array([side.recorded for side in sides])
    errors = _errors(data, quality, sides, rows)
    differences = rows @ (now - recorded)
    tested = len(sides) if len(sides) == 1 else len(rows)  # with one attribute, the mean is no other line
    widths = np.resize(half_widths(differences[:tested], errors[:tested]), len(rows))
    queries = [len(side.new.queries) for side in sides]
    covered = [side.covered for side in sides]
    columns = zip(
        [*names, "mean over photos"],
        [*queries, sum(queries)],
        rows @ recorded,
        rows @ now,
        differences,
        differences - widths,
        differences + widths,
        [*covered, float(np.average(covered, weights=weights))],
        strict=True,
    )
    lines = [AttributeDrift(name, count, *(round(float(x), 4) for x in figures)) for name, count, *figures in columns]
    return Drift(tuple(lines[:-1]), lines[-1], reasons)


def _errors(
    data: EmbeddedSplit, quality: Quality, sides: list[_Side], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the standard error of each line's difference, ``(K,)``, in points; ``rows`` ``(K, A)`` are the lines.

    Of few new photos that happen to be ranked perfectly, none moves it much. So their error is at least that which
    the recorded photos would have if there were as few.
    """
    names = [side.new.name for side in sides]
    recorded = np.array([[quality.covariance[a][b] for b in names] for a in names])
    before = np.sqrt(np.diag(recorded))
    alike = recorded / np.maximum(np.outer(before, before), LEAST_ERROR)
    np.fill_diagonal(alike, 1)
    before = before / np.sqrt([side.covered for side in sides])  # it was recorded over all values
    after = np.sqrt(np.diag(covariance(data, [side.new for side in sides])))
    counts = np.array([[side.covered * side.weight, len(side.new.queries)] for side in sides])
    after = np.maximum(after, before * np.sqrt(counts[:, 0] / counts[:, 1]))
    both = (np.outer(before, before) + np.outer(after, after)) * alike
    return np.asarray(np.sqrt(np.einsum("ka,ab,kb->k", rows, both, rows).clip(0)))
