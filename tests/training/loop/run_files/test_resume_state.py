"""The state that a run resumes from: any flipped bit is an error."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.loop.run_files.resume_state import ResumePoint, load_state, save_state
from fashionsdk_training.loop.step.weight_average import moving_average

POINT = ResumePoint({"seed": 0}, 2, ({"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}), 7)


class Parts:
    """A criterion, its average and its optimiser, after a step."""

    def __init__(self, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.criterion = torch.nn.Linear(3, 2)
        self.average = moving_average(self.criterion, 0.9)
        self.optimizer = torch.optim.AdamW(self.criterion.parameters())
        self.criterion(torch.randn(4, 3)).sum().backward()
        self.optimizer.step()

    def load(self, path: Path) -> ResumePoint:
        state = load_state(path)
        state.restore(self.criterion, self.average, self.optimizer)
        return state.point


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path, parts = tmp_path / "last.safetensors", Parts()
    save_state(path, POINT, parts.criterion, parts.average, parts.optimizer)
    return path


def test_a_state_loads_as_it_was_saved(state: Path):
    other = Parts(seed=1)
    assert other.load(state) == POINT
    assert torch.equal(other.criterion.weight, Parts().criterion.weight)


def test_a_flipped_bit_anywhere_is_an_error_in_one_line(state: Path):
    whole, parts = state.read_bytes(), Parts()
    for position in [*range(0, len(whole), 7), *range(whole.index(b"own_sha256"), whole.index(b"own_sha256") + 80)]:
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        state.write_bytes(flipped)
        with pytest.raises(CheckpointError, match="cannot continue from it") as error:
            parts.load(state)
        assert "\n" not in str(error.value)


def test_a_state_of_another_version_is_an_error(state: Path):
    data = state.read_bytes()
    state.write_bytes(save(load(data), {"run": "a digest", "epoch": "2"}))
    with pytest.raises(CheckpointError, match=r"its entries are \['epoch', 'run'\], as another version writes them"):
        load_state(state)


def test_a_state_without_metadata_is_an_error(state: Path):
    state.write_bytes(save(load(state.read_bytes())))
    with pytest.raises(CheckpointError, match="as another version writes them"):
        load_state(state)
