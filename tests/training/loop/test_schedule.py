"""How the learning rate moves over the epochs."""

import pytest

from fashionsdk_training.config import Optimisation
from fashionsdk_training.loop.schedule import rate_at

STEPS = Optimisation(schedule="step", warmup_epochs=0, step_epochs=3, step_decay=0.5)


@pytest.mark.parametrize(("epoch", "share"), [(0, 1), (2.9, 1), (3, 0.5), (7, 0.25)])
def test_steps_multiply_the_rate_every_few_epochs(epoch, share):
    assert rate_at(epoch, 20, STEPS) == share


@pytest.mark.parametrize(("epoch", "share"), [(0, 1), (4, 0.5), (5, 1), (5.9, 1), (6, 0.5), (8, 0.125)])
def test_the_second_stage_starts_its_steps_afresh(epoch, share):
    stages = Optimisation(
        schedule="step", warmup_epochs=0, step_epochs=3, step_decay=0.5, global_epochs=5, second_step_epochs=1
    )
    assert rate_at(epoch, 20, stages) == share
