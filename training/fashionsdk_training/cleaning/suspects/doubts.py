"""From probabilities to labels that are probably wrong, worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk_training.cleaning.suspects.folds import Probabilities

LEAST_DOUBT = 0.5  # the other value is likelier
MOST = 0.05  # of all labels are suspects: of those that follow most are right
FEW = 20  # labels that are in any case
LEAST_PROBABILITY = 1e-4  # lower ones differ by chance


@dataclass(frozen=True)
class Suspect:
    """A label that is probably wrong.

    Attributes:
        item: the photo's index.
        attribute: the attribute's index.
        label: the value that the table gives, as an index.
        suggestion: the value that is most probable instead.
        doubt: how surely the label is wrong, 0 to 1.
    """

    item: int
    attribute: int
    label: int
    suggestion: int
    doubt: float


def suspect_labels(values: NDArray[np.int64], probabilities: Sequence[Probabilities]) -> list[Suspect]:
    """Return the labels that classifiers contradict most, at most `MOST` of all or `FEW`, worst first.

    The doubt of a label is ``q / (p + q)``: p is its probability, q that of the likeliest other value. Classifiers that
    were fitted with a large penalty, to labels of which some are wrong, are modest: where values are often mixed up,
    both are large, and the doubt is small.

    Args:
        values: ``(N, A)`` value indices, -1 where there is no label.
        probabilities: for each attribute ``(N, V)``, of classifiers that have not seen the photo.
    """
    suspects: list[Suspect] = []
    for a, chances in enumerate(probabilities):
        (labelled,) = np.nonzero(values[:, a] >= 0)
        if chances.shape[1] > 1 and len(labelled):
            suspects += _of_attribute(a, labelled, values[labelled, a], chances[labelled])
    most = max(FEW, round(MOST * int((values >= 0).sum())))
    return sorted(suspects, key=lambda each: -each.doubt)[:most]


def _of_attribute(
    attribute: int, items: NDArray[np.int64], labels: NDArray[np.int64], chances: Probabilities
) -> list[Suspect]:
    rows = np.arange(len(labels))
    own, others = chances[rows, labels], chances.copy()
    others[rows, labels] = -1
    suggested = others.argmax(axis=1)
    likeliest = np.maximum(others[rows, suggested], LEAST_PROBABILITY)
    doubts = likeliest / (np.maximum(own, LEAST_PROBABILITY) + likeliest)
    return [
        Suspect(int(items[n]), attribute, int(labels[n]), int(suggested[n]), float(doubts[n]))
        for n in np.flatnonzero(doubts >= LEAST_DOUBT)
    ]
