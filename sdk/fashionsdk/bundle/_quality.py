"""What a graph reached on labelled photos when it was exported, in figures that other photos can be compared with."""

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ValueQuality:
    """One value of an attribute.

    Attributes:
        photos: how many photos of the value there were.
        map: MAP of these in the standard gallery, in percent; ``None`` where they were too few to be measured.
    """

    photos: int
    map: float | None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.photos < 0:
            raise ValueError(f"photos is {self.photos}; expected 0 or more")
        if self.map is not None and not 0 <= self.map <= 100:
            raise ValueError(f"map is {self.map}; expected percent")


@dataclass(frozen=True)
class Quality:
    """MAP of a graph in a standard gallery, and how far it would move with other photos from the same source.

    ``docs/decisions/drift.md`` defines the standard gallery.

    Attributes:
        gallery: how many photos the standard gallery has.
        values: attribute -> value -> its figures. Attributes whose photos all have one value are left out.
        covariance: attribute -> attribute -> covariance of their MAPs, in squared points.

    Raises:
        ValueError: a number is out of range, or the attributes differ.
    """

    gallery: int
    values: Mapping[str, Mapping[str, ValueQuality]]
    covariance: Mapping[str, Mapping[str, float]]

    def __post_init__(self) -> None:
        """Check the parts against each other."""
        if self.gallery < 1:
            raise ValueError(f"gallery is {self.gallery}; expected 1 or more photos")
        names = set(self.values)
        if set(self.covariance) != names or any(set(row) != names for row in self.covariance.values()):
            raise ValueError(f"covariance is of {', '.join(self.covariance)}; expected each pair of {', '.join(names)}")
        if not all(self.covariance[name][name] >= 0 for name in names):
            raise ValueError("covariance of an attribute with itself is negative; expected 0 or more")

    def photos(self, attribute: str) -> int:
        """Return how many photos of an attribute were measured in the standard gallery."""
        return sum(value.photos for value in self.values[attribute].values() if value.map is not None)

    def map(self, attribute: str) -> float:
        """Return an attribute's MAP in the standard gallery in percent, the mean over its photos."""
        measured = [(each.photos, each.map) for each in self.values[attribute].values() if each.map is not None]
        return sum(count * value for count, value in measured) / sum(count for count, _ in measured)

    def error(self, attribute: str) -> float:
        """Return the standard error of an attribute's MAP in points."""
        return math.sqrt(self.covariance[attribute][attribute])
