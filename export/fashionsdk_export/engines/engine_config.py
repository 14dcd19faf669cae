"""The settings of an engine build."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from fashionsdk.backends import ENGINE_RUNTIMES, EngineBuild, engine_build
from fashionsdk.bundle import EngineKind

LEVELS = range(6)
_KINDS = [kind for kind in ENGINE_RUNTIMES if engine_build(cast("EngineKind", kind)).room == "engines"]


@dataclass(frozen=True)
class EngineConfig:
    """Settings of a build.

    Attributes:
        kind: the library; ``"tensorrt-rtx"`` needs no GPU.
        compute_capability: the GPUs to build for, such as ``"8.9"``; TensorRT for RTX accepts several, ``"8.6,8.9"``.
            ``None`` for the GPU of this machine, the only one that TensorRT builds for.
        min_batch: the smallest batch that the engine runs.
        opt_batch: the batch that it is optimised for.
        max_batch: the largest batch that it runs.
        workspace: GiB of GPU memory that one layer may use while it runs; ``None`` for no limit.
        timing_cache: a file of kernel timings that makes the next build faster; a missing file is created.
        optimisation_level: 0 (fast to build) to 5 (fast to run); ``None`` for the library's default, 3.

    Raises:
        ValueError: a setting is out of its range, or has no effect with this library.
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
        """Reject invalid settings."""
        if self.kind not in _KINDS:
            raise ValueError(f"kind is {self.kind!r}; expected one of {', '.join(_KINDS)}")
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
        if not self.rules.times_kernels:
            self._check_no_timings()

    @property
    def rules(self) -> EngineBuild:
        """How engines for this library are built."""
        return engine_build(self.kind)

    @property
    def capabilities(self) -> list[str]:
        """The requested compute capabilities; empty for the GPU of this machine."""
        return [] if self.compute_capability is None else self.compute_capability.split(",")

    def _check_capability(self) -> None:
        several = self.rules.cross_compiles
        for capability in self.capabilities:
            if re.fullmatch(r"[0-9]{1,3}\.[0-9]", capability) is None:
                like = "'8.9', or several, '8.6,8.9'" if several else "'8.9'"
                raise ValueError(f"compute_capability is {self.compute_capability!r}; expected one like {like}")
        if len(self.capabilities) > 1 and not several:
            raise ValueError(
                f"compute_capability is {self.compute_capability!r}; expected at most one, "
                f"{self.kind} builds for the GPU at hand"
            )
        if len(set(self.capabilities)) < len(self.capabilities):
            raise ValueError(f"compute_capability {self.compute_capability!r} names one twice")

    def _check_no_timings(self) -> None:
        """Reject settings that a library which times no kernels would accept and ignore."""
        if self.timing_cache is not None:
            raise ValueError(f"{self.kind} has no timing cache, it times no kernels; leave timing_cache out")
        if self.optimisation_level is not None:
            raise ValueError(
                f"{self.kind} builds the same engine at every optimisation_level, it chooses kernels on the GPU that "
                "runs them; leave it out"
            )
