"""The state that a training run resumes from: one file, replaced as a whole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.optim import Optimizer

from fashionsdk._tools import own_digest
from fashionsdk._tools.atomic_file import replacing
from fashionsdk_training.errors import CheckpointError


@dataclass(frozen=True)
class ResumePoint:
    """How far a run has come.

    Attributes:
        run: digest of the settings and data; a run resumes only its own state.
        epoch: how many epochs are done.
        history: one row an epoch.
        average_steps: how many steps the moving average has taken.
    """

    run: str
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
    metadata = {"run": point.run, "epoch": epoch, "history": history, "average_steps": steps}
    return metadata | {own_digest.KEY: own_digest.NO_DIGEST}


def load_state(path: Path, criterion: nn.Module, average: ModelEmaV3, optimizer: Optimizer) -> ResumePoint:
    """Load criterion, average and optimiser from ``path``; return how far the run had come.

    Raises:
        CheckpointError: the file is damaged, or belongs to another model.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            _check_digest(path, metadata)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (a file is not iterable)
        point = ResumePoint(
            metadata["run"],
            int(metadata["epoch"]),
            tuple(json.loads(metadata["history"])),
            int(metadata["average_steps"]),
        )
        criterion.load_state_dict(under("criterion.", tensors))
        average.module.load_state_dict(under("average.", tensors))
        optimizer.load_state_dict(_optimizer_state(under("optimizer.", tensors), optimizer))
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path}: cannot continue from it: {error}; choose another --out") from error
    return point


def _check_digest(path: Path, metadata: Mapping[str, str]) -> None:
    """Check every byte of a state; those that were written before there was a digest have none.

    Raises:
        ValueError: they are not those that were written.
    """
    with path.open("rb") as file:
        start = file.read(8)
        header = start + file.read(int.from_bytes(start, "little"))  # a length that safetensors has checked
    if unknown := sorted(metadata.keys() - _metadata(ResumePoint("", 0, (), 0)).keys()):
        raise ValueError(f"it has the unknown entry {unknown[0]!r}")
    own_digest.check_digest(header, metadata.get(own_digest.KEY), rest=path)


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with ``prefix``, without it."""
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _optimizer_state(moments: Mapping[str, Tensor], optimizer: Optimizer) -> dict[str, object]:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
