"""The learning rate over the epochs."""

import pytest

from fashionsdk_training.config import Optimisation
from fashionsdk_training.loop.step.schedule import rate_at

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


def test_the_cosine_schedule_rises_then_falls_to_zero():
    settings = Optimisation(schedule="cosine", warmup_epochs=2)
    assert [rate_at(epoch, 10, settings) for epoch in (0, 1, 2, 6, 10)] == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_the_step_schedule_is_the_papers():
    settings = Optimisation(schedule="step", step_decay=0.9, step_epochs=3, warmup_epochs=0)
    assert [rate_at(epoch, 50, settings) for epoch in (0, 2.9, 3, 8)] == pytest.approx([1, 1, 0.9, 0.81])
