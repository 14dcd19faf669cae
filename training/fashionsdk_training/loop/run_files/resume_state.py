"""The state that a training run resumes from: one file, replaced as a whole."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.optim import Optimizer

from fashionsdk._tools.files import own_digest
from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk_training.errors import CheckpointError


@dataclass(frozen=True)
class ResumePoint:
    """How far a run has come.

    Attributes:
        settings: what the run was started with, as `run_settings` returns it.
        epoch: how many epochs are done.
        history: one row an epoch.
        average_steps: how many steps the moving average has taken.
    """

    settings: Mapping[str, Any]
    epoch: int
    history: tuple[Mapping[str, float], ...]
    average_steps: int


def save_state(path: Path, point: ResumePoint, criterion: nn.Module, average: ModelEmaV3, optimizer: Optimizer) -> None:
    """Write the state; whatever happens, ``path`` holds this state or the one before."""
    tensors = {f"criterion.{key}": value for key, value in criterion.state_dict().items()}
    tensors |= {f"average.{key}": value for key, value in average.module.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in moments.items()}
    content = save({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, _metadata(point))
    with replacing(path) as file:
        file.write(own_digest.with_digest(content))


def _metadata(point: ResumePoint) -> dict[str, str]:
    history = json.dumps([dict(row) for row in point.history])
    steps, epoch = str(point.average_steps), str(point.epoch)
    metadata = {"settings": json.dumps(point.settings), "epoch": epoch, "history": history, "average_steps": steps}
    return metadata | {own_digest.KEY: own_digest.NO_DIGEST}


@dataclass(frozen=True, eq=False)
class State:
    """What a file holds.

    Attributes:
        path: the file.
        point: how far the run has come.
        tensors: of criterion, average and optimiser.
    """

    path: Path
    point: ResumePoint
    tensors: Mapping[str, Tensor]

    def restore(self, criterion: nn.Module, average: ModelEmaV3, optimizer: Optimizer) -> None:
        """Load criterion, average and optimiser.

        Raises:
            CheckpointError: the state belongs to another model.
        """
        with _errors_of(self.path):
            criterion.load_state_dict(under("criterion.", self.tensors))
            average.module.load_state_dict(under("average.", self.tensors))
            optimizer.load_state_dict(_optimizer_state(under("optimizer.", self.tensors), optimizer))


def load_state(path: Path) -> State:
    """Read a state.

    Raises:
        CheckpointError: the file is damaged, or of another version of this project.
    """
    with _errors_of(path), safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
        _check_digest(path, metadata)
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (a file is not iterable)
        history, steps = tuple(json.loads(metadata["history"])), int(metadata["average_steps"])
        point = ResumePoint(json.loads(metadata["settings"]), int(metadata["epoch"]), history, steps)
        return State(path, point, tensors)


@contextmanager
def _errors_of(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: cannot continue from it: {error}; choose another --out") from error


def _check_digest(path: Path, metadata: Mapping[str, str]) -> None:
    """Check every byte of a state.

    Raises:
        ValueError: they are not those that were written, or an earlier version of this project wrote them.
    """
    expected = _metadata(ResumePoint({}, 0, (), 0)).keys()
    if metadata.keys() != expected:
        raise ValueError(f"its entries are {sorted(metadata)}, as another version writes them, not {sorted(expected)}")
    with path.open("rb") as file:
        start = file.read(8)
        header = start + file.read(int.from_bytes(start, "little"))  # a length that safetensors has checked
    own_digest.check_digest(header, metadata[own_digest.KEY], rest=path)


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``prefix``, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _optimizer_state(moments: Mapping[str, Tensor], optimizer: Optimizer) -> dict[str, object]:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
