"""Training runs that tests share."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import TrainingData
from fashionsdk_training.loop.distributed import Processes
from fashionsdk_training.loop.trainer import STATE_FILE, Trainer

ALONE = Processes(0, 1, torch.device("cpu"))


def tensors(run: Path) -> dict[str, Tensor]:
    """Return the state that a run resumes from."""
    return load_file(run / STATE_FILE)


def assert_same(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    """Check that two states are equal to the bit."""
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert torch.equal(value, second[key]), key


def train_in_two_parts(config: TrainConfig, data: TrainingData, out: Path) -> None:
    """Train, stop after the first epoch, and continue with another trainer."""
    trainer = Trainer(config, data, out, ALONE)
    original = trainer._epoch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer, "_epoch", lambda epoch, log: original(epoch, log) if epoch < 1 else pytest.exit("stop"))
        with pytest.raises(pytest.exit.Exception):
            trainer.fit()
    Trainer(config, data, out, ALONE).fit()
