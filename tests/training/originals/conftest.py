"""Small checkpoint files of every program of the papers."""

from typing import Any

import pytest
import torch

from tests.golden import originals

SMALL: dict[str, Any] = {"attributes": 2, "backbone": "resnet18", "local": "resnet18"}


@pytest.fixture(scope="package")
def states():
    """Parameters of every program by name, small on the disk: all zeros of a tensor are one."""
    return {
        model: {key: torch.zeros(()).expand(shape) for key, shape in originals.shapes(model, **SMALL).items()}
        for model in originals.PROGRAMS
    }


@pytest.fixture(scope="package")
def files(states, tmp_path_factory):
    """A small file of every program."""
    folder = tmp_path_factory.mktemp("originals")
    return {model: originals.write(folder / f"{model}.pth.tar", model, state) for model, state in states.items()}
