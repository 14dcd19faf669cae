"""Several training processes, as ``torchrun`` starts them, or a single one."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Processes:
    """This process and how many others there are.

    Attributes:
        rank: of this process, from 0.
        world: number of processes.
        device: where this process computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return a module with averaged gradients over the processes."""
        return DistributedDataParallel(module) if self.world > 1 else module

    def alone(self, module: nn.Module) -> AbstractContextManager[None]:
        """Return a context in which the gradients of a wrapped module stay this process's own.

        The first backward pass after it averages what they have become.
        """
        return module.no_sync() if isinstance(module, DistributedDataParallel) else nullcontext()

    def mean(self, value: float) -> float:
        """Return the mean of ``value`` over the processes."""
        if self.world == 1:
            return value
        total = torch.tensor(value, dtype=torch.float64, device=self.device)
        distributed.all_reduce(total)
        return float(total) / self.world

    def wait(self) -> None:
        """Wait until every process has called this."""
        if self.world > 1:
            distributed.barrier()


@contextmanager
def processes(device: str = "auto") -> Iterator[Processes]:
    """Join the processes that ``torchrun`` started, if it did.

    Args:
        device: ``cpu``, ``cuda``, or ``auto`` for CUDA if torch can use it.

    Raises:
        ValueError: torch cannot use CUDA, and ``device`` is ``cuda``.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    chosen = _device(device)
    if world == 1:
        yield Processes(0, 1, chosen)
        return
    # The others wait while the first decodes photos and while it validates: longer than the library's 10 minutes.
    distributed.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=timedelta(hours=12))
    try:
        yield Processes(rank, world, chosen)
    finally:
        distributed.destroy_process_group()


def _device(device: str) -> torch.device:
    if device not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device {device!r}; expected auto, cpu or cuda")
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "device is cuda, but torch finds no CUDA device; use cpu, or install a torch built for this driver"
        )
    if device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    index = int(os.environ.get("LOCAL_RANK", "0"))
    torch.cuda.set_device(index)
    return torch.device("cuda", index)
