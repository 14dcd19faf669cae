"""The settings of a model repository."""

import math
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.backends import DEVICES, MAX_THREADS, RUNTIMES, DeviceKind
from fashionsdk.bundle import Precision

TritonBackend: TypeAlias = Literal["python", "python-pixels", "onnx", "tensorrt"]
VersionPolicy: TypeAlias = Literal["latest", "all", "specific"]

TRITON_BACKENDS: tuple[TritonBackend, ...] = get_args(TritonBackend)
VERSION_POLICIES: tuple[VersionPolicy, ...] = get_args(VersionPolicy)

MAX_BATCH = 32
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)  # it names folders and stands in addresses


@dataclass(frozen=True)
class TritonConfig:
    """Settings of a model repository.

    Attributes:
        backends: what computes: ``"python"``, this SDK on photos; ``"python-pixels"``, this SDK on preprocessed
            pixels; ``"onnx"``, Triton's ONNX Runtime; ``"tensorrt"``, Triton's TensorRT.
        name: what the models' names begin with.
        precision: of the graph or engine that is served; ``None`` for the bundle's first graph.
        device: where the Python and ONNX models run. ``"cuda"`` means on every GPU, as TensorRT always does.
        runtime: the inference runtime of the Python models, as `fashionsdk.Embedder` takes it.
        threads: threads of one instance on the CPU; ``None`` for as many as the process may use.
        instances: how many batches a model computes at once, on each device.
        max_batch: photos in one batch at most; ``None`` for 32, or fewer if an engine takes fewer.
        preferred_batches: batch sizes that are sent without waiting for more photos; empty for the one that TensorRT
            engines are optimised for, and for none of the others.
        tensorrt_version: of the engines to serve, such as ``"10.7.0"``; ``None`` if the bundle has those of one.
        queue_delay: milliseconds that a photo waits at most for others to share its batch.
        version: the version to write, which is a folder in each model's.
        version_policy: what the server loads when others are laid beside it: the ``"latest"``, ``"all"``, or this
            ``"specific"`` one.

    Raises:
        TypeError: a number is none.
        ValueError: a setting is out of its range, or contradicts another.
    """

    backends: tuple[TritonBackend, ...] = ("python",)
    name: str = "fashionsdk"
    precision: Precision | None = None
    device: DeviceKind = "cpu"
    runtime: str = "auto"
    threads: int | None = None
    instances: int = 1
    max_batch: int | None = None
    preferred_batches: tuple[int, ...] = ()
    tensorrt_version: str | None = None
    queue_delay: float = 5.0
    version: int = 1
    version_policy: VersionPolicy = "latest"

    def __post_init__(self) -> None:
        """Reject invalid settings."""
        if not self.backends or len(set(self.backends)) < len(self.backends):
            raise ValueError(f"backends are {self.backends!r}; expected {' or '.join(TRITON_BACKENDS)}, each once")
        for backend in self.backends:
            _check_one_of(backend, "backend", TRITON_BACKENDS)
        if _NAME.fullmatch(self.name) is None:
            raise ValueError(f"name is {self.name!r:.80}; expected letters, digits and _ . - such as 'shop'")
        _check_one_of(self.device, "device", DEVICES)
        _check_one_of(self.runtime, "runtime", ("auto", *RUNTIMES))
        _check_one_of(self.version_policy, "version_policy", VERSION_POLICIES)
        self._check_numbers()

    def _check_numbers(self) -> None:
        whole_number(self.instances, "instances")
        whole_number(self.version, "version")
        if self.threads is not None:
            whole_number(self.threads, "threads", most=MAX_THREADS, otherwise="None for as many as there are CPUs")
        if self.max_batch is not None:
            whole_number(self.max_batch, "max_batch", otherwise="None")
        for size in self.preferred_batches:
            whole_number(size, "a preferred batch", most=self.max_batch or MAX_BATCH)
        if not 0 <= self.queue_delay < math.inf:
            raise ValueError(f"queue_delay is {self.queue_delay}; expected milliseconds, 0 or more")


def _check_one_of(value: str, name: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is {value!r:.80}; expected {' or '.join(choices)}")
