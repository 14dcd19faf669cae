"""One record per runtime: a later runtime is one more record here, and one more folder beside this file.

Nothing heavy is imported before a runtime opens: neither numpy nor the runtime itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, cast

from fashionsdk.backends._host import int8_saturates
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    from fashionsdk.backends._backend import Backend
    from fashionsdk.bundle import Bundle, EngineKind

DeviceKind: TypeAlias = Literal["cpu", "cuda"]

DEVICE_TITLES: Mapping[DeviceKind, str] = {"cpu": "the CPU", "cuda": "CUDA"}


@dataclass(frozen=True)
class Device:
    """The CPU, or one CUDA device: ``str()`` gives ``"cpu"`` or ``"cuda:N"``."""

    kind: DeviceKind
    number: int = 0

    def __str__(self) -> str:
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.number}"


class Open(Protocol):
    """Loads a graph or an engine of a bundle; imports the runtime."""

    def __call__(self, bundle: "Bundle", device: Device, precision: str, threads: int | None, reason: str) -> "Backend":
        """Return a backend that is ready to run; ``reason`` goes into its ``info``."""


@dataclass(frozen=True)
class EngineBuild:
    """How engines for a runtime are built.

    Attributes:
        cross_compiles: whether a build can name the compute capabilities of one GPU or several, and then needs no GPU;
            if not, the engine is for the GPU or the CPU of the machine that builds it.
        times_kernels: whether a build times kernels, so that a timing cache and an optimisation level have an effect.
        room: the package of ``fashionsdk_export`` that builds them.
        extra: what installs that package's needs; ``None`` for the runtime's own extra.
    """

    cross_compiles: bool
    times_kernels: bool
    room: str = "engines"
    extra: str | None = None


@dataclass(frozen=True)
class Runtime:
    """What the SDK, the export and the benchmarks know of a runtime.

    Attributes:
        name: as users write it, such as ``"tensorrt-rtx"``.
        title: the product's name, such as ``"TensorRT for RTX"``.
        module: the Python module.
        precisions: for each kind of device, the precisions that it computes there.
        extras: for each kind of device, the extra of ``fashionsdk`` that installs it.
        open: loads a graph or an engine.
        engines: how its engines are built; ``None`` for a runtime that runs the bundle's graphs.
        runs_here: False for a precision that this machine's CPU is known not to compute with it.
    """

    name: str
    title: str
    module: str
    precisions: Mapping[DeviceKind, tuple[str, ...]]
    extras: Mapping[DeviceKind, str]
    open: Open
    engines: EngineBuild | None = None
    runs_here: Callable[[str], bool] = lambda precision: True

    @property
    def runs_graphs(self) -> bool:
        """Whether it runs the bundle's graphs, and not engines that were compiled from them."""
        return self.engines is None

    @property
    def devices(self) -> tuple[DeviceKind, ...]:
        """The kinds of devices that it runs on."""
        return tuple(self.precisions)

    @property
    def installed(self) -> bool:
        """Whether its module is there. A folder without code, such as one of type stubs, does not count."""
        spec = find_spec(self.module)
        return spec is not None and spec.origin is not None

    @property
    def installation(self) -> str:
        """How to install it, as the end of a message."""
        commands = {device: f'pip install "fashionsdk[{extra}]"' for device, extra in self.extras.items()}
        first, *others = commands
        differing = [kind for kind in others if commands[kind] != commands[first]]
        return f"run {commands[first]}" + "".join(
            f", or for {DEVICE_TITLES[kind]} {commands[kind]}" for kind in differing
        )

    def computes(self, precision: str, device: DeviceKind | None = None) -> bool:
        """Tell whether it computes a precision on this kind of device, or on any."""
        kinds = self.devices if device is None else (device,)
        return any(precision in self.precisions.get(kind, ()) for kind in kinds)

    def missing(self, error: Exception) -> BackendError:
        """Return the error for a runtime that cannot be imported; it says how to install it."""
        return BackendError(f"{self.name} cannot be imported: {error}; {self.installation}")


def _open_onnxruntime(bundle: "Bundle", device: Device, precision: str, threads: int | None, reason: str) -> "Backend":
    from fashionsdk.backends import onnxruntime

    if device.kind == "cpu":
        return onnxruntime.open_cpu(bundle, precision, threads, reason)
    return onnxruntime.open_cuda(bundle, device.number, precision, threads, reason)


def _open_rtx(bundle: "Bundle", device: Device, precision: str, threads: int | None, reason: str) -> "Backend":
    from fashionsdk.backends import onnxruntime

    return onnxruntime.open_rtx(bundle, device.number, precision, threads, reason)


def _open_openvino(bundle: "Bundle", device: Device, precision: str, threads: int | None, reason: str) -> "Backend":
    from fashionsdk.backends import openvino

    return openvino.open_cpu(bundle, precision, threads, reason)


def _tensorrt(name: str, title: str, engines: EngineBuild) -> Runtime:
    """Return the record of one of the two libraries, which have one API and one backend."""

    def open_engine(bundle: "Bundle", device: Device, precision: str, threads: int | None, reason: str) -> "Backend":
        from fashionsdk.backends import tensorrt

        return tensorrt.open_engine(bundle, cast("EngineKind", name), device.number, precision, reason)

    return Runtime(
        name=name,
        title=title,
        module=name.replace("-", "_"),
        precisions={"cuda": ("fp32", "fp16", "int8")},
        extras={"cuda": name},
        open=open_engine,
        engines=engines,
    )


def _open_aotinductor(bundle: "Bundle", device: Device, precision: str, threads: int | None, reason: str) -> "Backend":
    from fashionsdk.backends import aotinductor

    if device.kind == "cpu":
        return aotinductor.open_cpu(bundle, precision, threads, reason)
    return aotinductor.open_cuda(bundle, device.number, precision, reason)


def _openvino_runs_here(precision: str) -> bool:
    """Return False where OpenVINO is known to reject a precision before it is imported; few CPUs have float16."""
    return precision != "fp16" and not (precision == "int8" and int8_saturates())


_RECORDS = (
    Runtime(
        name="onnxruntime",
        title="ONNX Runtime",
        module="onnxruntime",
        precisions={"cpu": ("fp32", "fp16", "int8"), "cuda": ("fp32", "fp16")},
        extras={"cpu": "cpu", "cuda": "gpu"},
        open=_open_onnxruntime,
    ),
    Runtime(
        name="onnxruntime-rtx",
        title="ONNX Runtime with TensorRT for RTX",
        module="onnxruntime_ep_nv_tensorrt_rtx",
        precisions={"cuda": ("fp16",)},
        extras={"cuda": "onnxruntime-rtx"},
        open=_open_rtx,
    ),
    Runtime(
        name="openvino",
        title="OpenVINO",
        module="openvino",
        precisions={"cpu": ("fp32", "fp16", "int8", "bf16")},
        extras={"cpu": "openvino"},
        open=_open_openvino,
        runs_here=_openvino_runs_here,
    ),
    _tensorrt("tensorrt", "TensorRT", EngineBuild(cross_compiles=False, times_kernels=True)),
    _tensorrt("tensorrt-rtx", "TensorRT for RTX", EngineBuild(cross_compiles=True, times_kernels=False)),
    Runtime(
        name="aotinductor",
        title="AOTInductor",
        module="torch",
        precisions={"cpu": ("fp32", "bf16"), "cuda": ("fp32", "fp16", "bf16")},
        extras={"cpu": "aotinductor", "cuda": "aotinductor"},
        open=_open_aotinductor,
        engines=EngineBuild(False, False, room="inductor", extra="export,aotinductor"),
    ),
)

RUNTIMES: Mapping[str, Runtime] = {record.name: record for record in _RECORDS}
ENGINE_RUNTIMES = tuple(record.name for record in _RECORDS if record.engines is not None)
DEVICES: tuple[DeviceKind, ...] = tuple(dict.fromkeys(kind for record in _RECORDS for kind in record.devices))
PRECISIONS = tuple(dict.fromkeys(name for record in _RECORDS for names in record.precisions.values() for name in names))


def engine_build(kind: "EngineKind") -> EngineBuild:
    """Return how the engines of a kind are built."""
    rules = RUNTIMES[kind].engines
    assert rules is not None  # a test compares the kinds that a manifest may name with the records
    return rules
