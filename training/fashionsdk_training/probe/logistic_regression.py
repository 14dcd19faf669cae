"""Multinomial logistic regression with penalised squared weights, on standardised features."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer

LEAST_DEVIATION = (
    0.1  # as a share of the median, so that a feature that hardly varies here cannot explode on other photos
)

Line = tuple[Tensor, Tensor]  # weight (V, F) and bias (V,): the logits of features x are weight @ x + bias


def standardisation(features: Tensor) -> Line:
    """Return mean and deviation of each feature over the first axis of ``features``, to subtract and to divide by."""
    deviation = features.std(dim=0, correction=0)
    return features.mean(dim=0), deviation.clamp(min=max(LEAST_DEVIATION * float(deviation.median()), 1e-6))


def fit_logistic(
    features: Tensor,
    targets: NDArray[np.integer],
    penalty: float,
    *,
    start: Line | None = None,
    tolerance: float = 1e-5,
    most_steps: int = 300,
) -> Line:
    """Return weight ``(V, F)`` and bias ``(V,)`` of the classifier of V classes.

    Minimises the mean cross entropy plus ``penalty / 2`` times the squared weights, with L-BFGS. The loss is convex, so
    only the time depends on where it starts.

    Args:
        features: float32 ``(N, F)``, standardised.
        targets: ``(N,)``, classes 0 to V - 1, each of which occurs.
        penalty: of the squared weights; scikit-learn's ``C`` is ``1 / (penalty * N)``.
        start: first weight and bias, such as those of another penalty; None for zeros.
        tolerance: it stops when no component of the gradient is larger.
        most_steps: it stops after so many steps in any case.
    """
    classes, known = int(targets.max()) + 1, torch.from_numpy(np.asarray(targets, np.int64)).to(features.device)
    if start is None:
        start = torch.zeros(classes, features.shape[1]), torch.zeros(classes)
    weight, bias = (part.detach().clone().to(features.device).requires_grad_() for part in start)
    optimizer: Optimizer = LBFGS(
        [weight, bias], max_iter=most_steps, history_size=10, tolerance_grad=tolerance, line_search_fn="strong_wolfe"
    )

    def loss() -> float:
        optimizer.zero_grad()
        entropy = nn.functional.cross_entropy(torch.addmm(bias, features, weight.T), known)
        total = entropy + 0.5 * penalty * weight.square().sum()
        torch.autograd.backward(total)
        return float(total.detach())

    optimizer.step(loss)
    return weight.detach(), bias.detach()
