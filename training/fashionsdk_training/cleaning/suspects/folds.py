"""Probabilities of each photo's values, from linear classifiers that saw neither the photo nor its relatives."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionsdk._tools.progress import progress_bar
from fashionsdk.attributes import Attribute
from fashionsdk_training.preparing import deal_groups
from fashionsdk_training.probe import fit_logistic, standardisation

FOLDS = 5
DIRECTIONS = 256
PENALTY = 0.25  # of squared weights: larger than is best for accuracy, since wrong labels must not be learnt
TOLERANCE, MOST_STEPS = 1e-4, 60

Probabilities = NDArray[np.float32]


def folds_of(groups: NDArray[np.int64], values: NDArray[np.int64], seed: int = 0) -> NDArray[np.int64]:
    """Return each photo's fold ``(N,)``; a group is in one fold, and each fold has its share of every value.

    Args:
        groups: ``(N,)``, photos of one product or picture have one number.
        values: ``(N, A)`` value indices, -1 where there is no label.
        seed: of the order of groups that are alike.

    Raises:
        DataError: there are fewer groups than two.
    """
    count = min(FOLDS, max(2, len(np.unique(groups))))
    starts = np.cumsum([0, *(values.max(axis=0, initial=-1) + 1)])[:-1]
    photos, attributes = np.nonzero(values >= 0)
    labels = np.stack([photos, starts[attributes] + values[photos, attributes]], axis=1)
    return deal_groups(groups, labels, [1 / count] * count, seed)


def out_of_fold(
    features: NDArray[np.float32],
    values: NDArray[np.int64],
    attributes: Sequence[Attribute],
    folds: NDArray[np.int64],
    *,
    progress: bool = False,
) -> list[Probabilities]:
    """Return each attribute's probabilities ``(N, V)``, of classifiers fitted to the other folds.

    The classifiers are multinomial logistic regressions on the features' main directions. A value that the other folds
    lack has probability 0.

    Args:
        features: float32 ``(N, F)``.
        values: ``(N, A)`` value indices, -1 where there is no label.
        attributes: the A attributes.
        folds: ``(N,)``, as `folds_of` returns them.
        progress: whether to show a progress bar.
    """
    main = main_directions(torch.from_numpy(features))
    result = [np.zeros((len(features), len(each.values)), np.float32) for each in attributes]
    work = [(fold, a) for fold in np.unique(folds).tolist() for a in range(len(attributes))]
    for fold, a in progress_bar(work, "classifiers of other photos", len(work), "classifier", shown=progress):
        inside = folds == fold
        (known,) = np.nonzero(~inside & (values[:, a] >= 0))
        if len(known):
            seen, targets = np.unique(values[known, a], return_inverse=True)
            result[a][np.ix_(inside, seen)] = _predicted(main, known, targets, inside)
    return result


def main_directions(features: Tensor) -> Tensor:
    """Return standardised features along the directions of largest variance, ``(N, D)``, D at most `DIRECTIONS`."""
    mean, deviation = standardisation(features)
    standardised = (features - mean) / deviation
    _, directions = torch.linalg.eigh(standardised.T @ standardised)  # the largest last
    return torch.mm(standardised, directions[:, -DIRECTIONS:])


def _predicted(
    features: Tensor, known: NDArray[np.int64], targets: NDArray[np.int64], inside: NDArray[np.bool_]
) -> Probabilities:
    weight, bias = fit_logistic(
        features[torch.from_numpy(known)], targets, PENALTY, tolerance=TOLERANCE, most_steps=MOST_STEPS
    )
    predicted: Probabilities = torch.addmm(bias, features[torch.from_numpy(inside)], weight.T).softmax(dim=1).numpy()
    return predicted
