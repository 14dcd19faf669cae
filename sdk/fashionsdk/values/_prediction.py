"""What a photo probably shows of one attribute."""

from collections.abc import Mapping
from dataclasses import dataclass

SURELY = 0.5  # an attribute that applies less probably does not apply


@dataclass(frozen=True)
class Prediction:
    """What a photo probably shows of one attribute.

    Attributes:
        value: the most probable value, or ``None``: unknown, since even that one is too improbable, or the attribute
            does not apply.
        probability: of the most probable value, 0 to 1, if the attribute applies.
        probabilities: value -> probability, in the order of the attribute's values; they sum to 1.
        applies: how probably the photo has the attribute at all, 0 to 1; 1 if nothing is known of that.
    """

    value: str | None
    probability: float
    probabilities: Mapping[str, float]
    applies: float = 1.0

    @classmethod
    def of(cls, probabilities: Mapping[str, float], unknown_below: float, applies: float = 1.0) -> "Prediction":
        """Return the most probable value, unless it is too improbable, or the attribute probably does not apply."""
        best = max(probabilities, key=probabilities.__getitem__)
        known = probabilities[best] >= unknown_below and applies >= SURELY
        return cls(best if known else None, probabilities[best], probabilities, applies)

    @property
    def absent(self) -> bool:
        """Whether the attribute probably does not apply to the photo."""
        return self.applies < SURELY

    def __str__(self) -> str:
        """Return the value, "unknown" or "does not apply"."""
        return "does not apply" if self.absent else self.value or "unknown"
