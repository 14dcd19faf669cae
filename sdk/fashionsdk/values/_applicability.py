"""Which attributes a photo has at all: a skirt has no lapel. Learnt from which attributes are labelled where."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute

LEAST_PHOTOS = 20  # labelled in the other attribute, to learn from
LEAST_KNOWN = 0.5  # of all photos must be labelled in the other attribute: it must be one that all photos have
DOUBT = 2  # labelled photos are added to each value's, so that three without a label are needed to say no
LEAST_TOLD = 0.5  # of the uncertainty whether an attribute is labelled, that the other attribute must take away


@dataclass(frozen=True)
class Applicability:
    """How often photos with a value of another attribute have this attribute.

    Attributes:
        by: the other attribute, such as the category.
        shares: value of ``by`` -> share of the photos with it that are labelled in this attribute, 0 to 1.

    Raises:
        ValueError: a share is out of its range.
    """

    by: str
    shares: Mapping[str, float]

    def __post_init__(self) -> None:
        """Check the shares."""
        if not all(0 <= share <= 1 for share in self.shares.values()):
            raise ValueError(f"shares by {self.by!r} are {dict(self.shares)!r:.100}; expected 0 to 1")


def fit_applicability(values: NDArray[np.integer], attributes: Sequence[Attribute]) -> dict[str, Applicability]:
    """Return for which values of which other attribute each attribute is labelled; the rest are left out.

    A table whose blanks are photos that nobody has labelled yet tells nothing: then no other attribute says where the
    blanks are, and none is returned.

    Args:
        values: ``(N, A)``, each photo's value of each attribute, below 0 where it is not labelled.
        attributes: the A attributes.
    """
    labelled = values >= 0
    found = {}
    for a, attribute in enumerate(attributes):
        told = {c: _told(labelled[:, a], values[:, c]) for c in range(len(attributes)) if c != a}
        best = max(told, key=told.__getitem__, default=None)
        if best is not None and told[best] >= LEAST_TOLD:
            shares = _shares(labelled[:, a], values[:, best], len(attributes[best].values), DOUBT, 0)
            pairs = zip(attributes[best].values, shares, strict=True)
            found[attribute.name] = Applicability(
                attributes[best].name, {value: round(share, 4) for value, share in pairs}
            )
    return found


def _shares(labelled: NDArray[np.bool_], values: NDArray[np.integer], count: int, more: int, fewer: int) -> list[float]:
    """Return each value's share of labelled photos, with ``more`` labelled and ``fewer`` other photos added."""
    chosen = (labelled[values == value] for value in range(count))
    return [float((each.sum() + more) / (len(each) + more + fewer)) for each in chosen]


def _told(labelled: NDArray[np.bool_], values: NDArray[np.integer]) -> float:
    """Return which share of the uncertainty about ``labelled`` the other attribute's value takes away, 0 to 1.

    Of photos that are not labelled in the other attribute either nothing is known, so they are not counted.
    """
    known = values >= 0
    if known.sum() < LEAST_PHOTOS or known.mean() < LEAST_KNOWN:
        return 0.0
    whole = _entropy(float(labelled[known].mean()))
    if whole == 0:
        return 0.0
    shares = _shares(labelled, values, int(values.max()) + 1, 1, 1)  # a value of few photos tells little
    counts = np.bincount(values[known], minlength=len(shares))
    rest = sum(count * _entropy(share) for count, share in zip(counts, shares, strict=True)) / counts.sum()
    return float(1 - rest / whole)


def _entropy(share: float) -> float:
    return -sum(part * math.log2(part) for part in (share, 1 - share) if part > 0)
