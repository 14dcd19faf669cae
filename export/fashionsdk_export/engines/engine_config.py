"""What an engine is to be built for."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from fashionsdk.bundle import EngineKind

LEVELS = range(6)


@dataclass(frozen=True)
class EngineConfig:
    """Settings of a build.

    Attributes:
        kind: the library; ``"tensorrt-rtx"`` needs no GPU.
        compute_capability: the GPUs to build for, such as ``"8.9"``; TensorRT for RTX takes several, ``"8.6,8.9"``.
            ``None`` for the GPU at hand, the only one that TensorRT builds for.
        min_batch: the smallest batch that the engine takes.
        opt_batch: the batch that it is made fast for.
        max_batch: the largest batch that it takes.
        workspace: GiB of GPU memory that one layer may use while it runs; ``None`` for no limit.
        timing_cache: a file of kernel timings that makes the next build faster; written if it is not there.
        optimisation_level: 0 (fast to build) to 5 (fast to run); ``None`` for the library's own choice, 3.
    """

    kind: EngineKind
    compute_capability: str | None = None
    min_batch: int = 1
    opt_batch: int = 8
    max_batch: int = 32
    workspace: float | None = None
    timing_cache: Path | None = None
    optimisation_level: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no build can mean."""
        if self.kind not in get_args(EngineKind):
            raise ValueError(f"kind is {self.kind!r}; expected one of {', '.join(get_args(EngineKind))}")
        if not 1 <= self.min_batch <= self.opt_batch <= self.max_batch:
            raise ValueError(
                f"batch range is {self.min_batch}, {self.opt_batch}, {self.max_batch}; "
                "expected 1 <= min_batch <= opt_batch <= max_batch"
            )
        if self.workspace is not None and not 0 < self.workspace < math.inf:
            raise ValueError(f"workspace is {self.workspace}; expected GiB, more than 0")
        if self.optimisation_level is not None and self.optimisation_level not in LEVELS:
            raise ValueError(f"optimisation_level is {self.optimisation_level}; expected 0 to {LEVELS[-1]}")
        self._check_capability()
        if self.kind == "tensorrt-rtx":
            self._check_rtx()

    @property
    def capabilities(self) -> list[str]:
        """The compute capabilities that were asked for; empty for the GPU at hand."""
        return [] if self.compute_capability is None else self.compute_capability.split(",")

    def _check_capability(self) -> None:
        several = self.kind == "tensorrt-rtx"
        for capability in self.capabilities:
            if re.fullmatch(r"[0-9]{1,3}\.[0-9]", capability) is None:
                like = "'8.9', or several, '8.6,8.9'" if several else "'8.9'"
                raise ValueError(f"compute_capability is {self.compute_capability!r}; expected one like {like}")
        if len(self.capabilities) > 1 and not several:
            raise ValueError(
                f"compute_capability is {self.compute_capability!r}; expected at most one, "
                "tensorrt builds for the GPU at hand"
            )
        if len(set(self.capabilities)) < len(self.capabilities):
            raise ValueError(f"compute_capability {self.compute_capability!r} names one twice")

    def _check_rtx(self) -> None:
        """Refuse what TensorRT for RTX accepts and ignores: it times no kernels while it builds."""
        if self.timing_cache is not None:
            raise ValueError("tensorrt-rtx has no timing cache, it times no kernels; leave timing_cache out")
        if self.optimisation_level is not None:
            raise ValueError(
                "tensorrt-rtx builds the same engine at every optimisation_level, it chooses kernels on the GPU that "
                "runs them; leave it out"
            )
