"""Fit a linear probe: a penalty for each attribute, chosen on held-out photos."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionsdk._tools.progress import progress_bar
from fashionsdk.attributes import Attribute
from fashionsdk_training.models import NEVER
from fashionsdk_training.probe.linear_probe import LinearProbe
from fashionsdk_training.probe.logistic_regression import Line, fit_logistic, standardisation

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)  # C of scikit-learn: 1 / (penalty * photos), the largest penalty first
HELD_OUT = 5  # every fifth photo chooses the penalty
TOLERANCE, MOST_STEPS = 1e-4, 100


def fit_probe(
    features: NDArray[np.float32],
    values: NDArray[np.integer],
    attributes: Sequence[Attribute],
    *,
    progress: bool = False,
) -> LinearProbe:
    """Return one multinomial logistic regression per attribute, on standardised features.

    The penalty is the one whose classifier is most accurate on every fifth photo, learnt from the others; of equals,
    the largest. Blank labels are left out. An attribute of one value gives it probability 1; of an attribute without
    any photo all values are equally likely.

    Args:
        features: float32 ``(N, F)``.
        values: ``(N, A)``, value indices, -1 where a photo is not labelled.
        attributes: the A attributes.
        progress: whether to show a progress bar.

    Raises:
        ValueError: there is no photo, or the shapes do not fit.
    """
    if not len(features) or values.shape != (len(features), len(attributes)):
        raise ValueError(
            f"features of shape {features.shape} and values of shape {values.shape} for {len(attributes)} attributes; "
            "expected (N, F) and (N, A), N at least 1"
        )
    mean, deviation = standardisation(torch.from_numpy(features))
    standardised = (torch.from_numpy(features) - mean) / deviation
    lines = [
        _fit_attribute(standardised, values[:, a], len(attributes[a].values))
        for a in progress_bar(range(len(attributes)), "linear classifiers", None, "attribute", shown=progress)
    ]
    weight, bias = (torch.cat(parts) for parts in zip(*lines, strict=True))
    return LinearProbe(tuple(attributes), mean, deviation, weight, bias)


def _fit_attribute(features: Tensor, values: NDArray[np.integer], count: int) -> Line:
    """Return weight and bias of all of an attribute's values, also of those that no photo has."""
    weight, bias = torch.zeros(count, features.shape[1]), torch.full((count,), NEVER)
    (known,) = np.nonzero(values >= 0)
    if len(known):
        seen, targets = np.unique(values[known], return_inverse=True)
        weight[seen], bias[seen] = _fit_best(features[torch.from_numpy(known)], targets)
    return weight, bias


def _fit_best(features: Tensor, targets: NDArray[np.integer]) -> Line:
    """Return the classifier of the best penalty."""
    held_out = np.arange(len(targets)) % HELD_OUT == 0
    seen, learnt = np.unique(targets[~held_out], return_inverse=True)
    asked = held_out & np.isin(targets, seen)
    if len(seen) < 2 or not asked.any():  # nothing to choose by
        return fit_logistic(features, targets, _penalty(STRENGTHS[0], targets), tolerance=TOLERANCE)
    answers = torch.from_numpy(np.searchsorted(seen, targets[asked]))
    training, questions = features[torch.from_numpy(~held_out)], features[torch.from_numpy(asked)]
    best, most, line, chosen = STRENGTHS[0], -1, None, None
    for strength in STRENGTHS:  # from the largest penalty on: each fit starts where the one before ended
        line = _fit(training, learnt, strength, line)
        right = int((torch.addmm(line[1], questions, line[0].T).argmax(dim=1) == answers).sum())
        if right > most:
            best, most, chosen = strength, right, line
    assert chosen is not None, "no penalty was tried"
    classes = int(targets.max()) + 1
    weight, bias = torch.zeros(classes, features.shape[1]), torch.zeros(classes)
    weight[seen], bias[seen] = chosen
    return _fit(features, targets, best, (weight, bias))


def _fit(features: Tensor, targets: NDArray[np.integer], strength: float, start: Line | None) -> Line:
    penalty = _penalty(strength, targets)
    return fit_logistic(features, targets, penalty, start=start, tolerance=TOLERANCE, most_steps=MOST_STEPS)


def _penalty(strength: float, targets: NDArray[np.integer]) -> float:
    """Return the penalty that is scikit-learn's C. Of two values it has one weight, the difference of our two."""
    shared = 2 if int(targets.max()) == 1 else 1
    return shared / (strength * len(targets))
