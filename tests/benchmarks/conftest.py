"""The benchmarks are scripts, not a package: their folder is on the path only while their tests run.

A tiny network with random weights, for benchmarks of speed.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pytest
import torch

from fashionsdk.bundle import Bundle
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import ModelConfig, TrainConfig

FOLDER = Path(__file__).parents[2] / "benchmarks"
TINY = ModelConfig(backbone="test_resnet", stage=3, common_dimension=16, attribute_dimension=24, hidden_dimension=12)


class Load(Protocol):
    def __call__(self, name: str) -> ModuleType: ...


@pytest.fixture(autouse=True)
def other_tests_keep_their_threads() -> Iterator[None]:
    """Undo what a benchmark tells torch: how sums are split decides a training's last bits."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def load() -> Iterator[Load]:
    """Import a module of the benchmarks by its name; none of them stays imported, since names are common ones."""
    names = {path.stem for path in FOLDER.iterdir()} - {"__main__"}  # which is pytest here
    before = _take_out(names)
    sys.path.insert(0, str(FOLDER))
    yield import_module
    sys.path.remove(str(FOLDER))
    _take_out(names)
    sys.modules.update(before)


def _take_out(names: set[str]) -> dict[str, ModuleType]:
    """Remove the imported modules, and packages, of these names; return them."""
    modules = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in modules}


@pytest.fixture(scope="session")
def checkpoint(load: Load) -> Checkpoint:
    config = TrainConfig(model=TINY, posteriors=True)
    made: Checkpoint = load("inputs.make_bundle").random_checkpoint(config, attributes=10, side=64)
    return made


@pytest.fixture(scope="session")
def bundle(checkpoint: Checkpoint, one_export_table: None, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return build_bundle(checkpoint, tmp_path_factory.mktemp("speed") / "bundle").bundle  # without its checkpoint
