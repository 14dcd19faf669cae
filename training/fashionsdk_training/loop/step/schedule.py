"""The learning rate's schedule."""

import math

from fashionsdk_training.config import Optimisation


def rate_at(epoch: float, epochs: int, optimisation: Optimisation) -> float:
    """Return the share of the highest learning rate at ``epoch`` (fractional, from 0) of ``epochs``."""
    warmup = optimisation.warmup_epochs
    if epoch < warmup:
        return epoch / warmup
    if optimisation.schedule == "step":
        if 0 < optimisation.global_epochs <= epoch:  # ASEN++'s second stage starts its steps afresh
            steps = int(epoch - optimisation.global_epochs) // optimisation.second_step_epochs
        else:
            steps = int(epoch) // optimisation.step_epochs
        return float(optimisation.step_decay**steps)
    return 0.5 * (1 + math.cos(math.pi * (epoch - warmup) / max(epochs - warmup, 1e-9)))
