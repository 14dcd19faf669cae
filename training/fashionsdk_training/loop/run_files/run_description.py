"""Writes ``run.toml``, from which a run can be repeated."""

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import torch

from fashionsdk import __version__
from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk_training.config import RUN_FILE, RunCommand, RunRecord, TrainConfig, read_run_toml, run_toml
from fashionsdk_training.errors import TrainingError
from fashionsdk_training.loop.distributed import Processes

PACKAGES = ("torch", "timm", "numpy", "pillow")
CONTINUED = "continued: "  # begins a comment that stays


def write_run_toml(
    out: Path, config: TrainConfig, labels: str, command: RunCommand | None, peers: Processes, done: int
) -> None:
    """Write ``run.toml`` into a run's folder, or leave the one that says the same.

    A run that goes on with another number of epochs cannot be repeated in one go, so a comment says it.

    Args:
        out: the run's folder.
        config: the settings.
        labels: sha256 of the photos' names and labels.
        command: what ``train.py`` was told, None for a run from Python.
        peers: the processes, for a comment.
        done: how many epochs the run has.

    Raises:
        OSError: it cannot be written.
    """
    path, record = out / RUN_FILE, RunRecord(1, labels, command, config)
    old, kept = _old(path)
    if old == record:
        return
    if old is not None and done and old.settings.epochs != config.epochs:
        plan = f"{CONTINUED}{old.settings.epochs} epochs were planned, {done} done when it became {config.epochs}"
        kept.append(f"{plan}; a repeated run has other weights")
    with replacing(path) as file:
        file.write(run_toml(record, [*_circumstances(peers), *kept]))


def _old(path: Path) -> tuple[RunRecord | None, list[str]]:
    """Return what the file holds, and its comments that stay; None if it is missing or damaged."""
    try:
        record = read_run_toml(path)
        lines = path.read_text(encoding="utf-8").splitlines()
    except (TrainingError, OSError):
        return None, []
    return record, [line.removeprefix("# ") for line in lines if line.startswith(f"# {CONTINUED}")]


def _circumstances(peers: Processes) -> Iterator[str]:
    """Yield what else decides about the last digits of a loss."""
    yield "Repeat this run: train.py --config run.toml --out ANOTHER_FOLDER"
    yield ", ".join(
        [
            f"fashionsdk {__version__}",
            f"Python {platform.python_version()}",
            *(f"{name} {version(name)}" for name in PACKAGES),
        ]
    )
    device = peers.device
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    yield f"processes: {peers.world}; device: {device.type} ({where}); threads: {torch.get_num_threads()}"
