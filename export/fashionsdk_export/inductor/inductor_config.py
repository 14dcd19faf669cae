"""The settings of a compilation."""

from dataclasses import dataclass

from fashionsdk.backends import DEVICES, RUNTIMES, DeviceKind
from fashionsdk.bundle import EngineKind


@dataclass(frozen=True)
class EngineConfig:
    """Settings of a compilation.

    Attributes:
        kind: the runtime.
        device: what to compile for: this machine's CPU, or its first CUDA device.
        opt_batch: the batch that kernels are tuned for.
        max_batch: the largest batch that the engine runs; larger ones are cut.
        max_autotune: whether to time several kernels for each product, which takes minutes on a GPU.

    Raises:
        ValueError: a setting is out of its range.
    """

    kind: EngineKind = "aotinductor"
    device: DeviceKind = "cpu"
    opt_batch: int = 8
    max_batch: int = 32
    max_autotune: bool = False

    def __post_init__(self) -> None:
        """Reject invalid settings."""
        if self.kind != "aotinductor":
            raise ValueError(f"kind is {self.kind!r}; expected 'aotinductor'")
        if self.device not in DEVICES:
            raise ValueError(f"device is {self.device!r}; expected {' or '.join(map(repr, DEVICES))}")
        if not 1 <= self.opt_batch <= self.max_batch:
            raise ValueError(f"batches are {self.opt_batch} and {self.max_batch}; expected 1 <= opt_batch <= max_batch")

    @property
    def precisions(self) -> tuple[str, ...]:
        """What such an engine can compute in."""
        return RUNTIMES[self.kind].precisions[self.device]
