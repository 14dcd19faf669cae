"""What a photo probably shows of one attribute."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """What a photo probably shows of one attribute.

    Attributes:
        value: the most probable value, or ``None``: unknown, since even that one is too improbable.
        probability: of the most probable value, 0 to 1.
        probabilities: value -> probability, in the order of the attribute's values; they sum to 1.
    """

    value: str | None
    probability: float
    probabilities: Mapping[str, float]

    @classmethod
    def of(cls, probabilities: Mapping[str, float], unknown_below: float) -> "Prediction":
        """Return the most probable value, unless its probability is below ``unknown_below``."""
        best = max(probabilities, key=probabilities.__getitem__)
        known = probabilities[best] >= unknown_below
        return cls(best if known else None, probabilities[best], probabilities)
