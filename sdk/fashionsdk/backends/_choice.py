"""Which runtime runs a bundle on which device: what the caller names, or else the fastest that is installed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from fashionsdk._tools.whole_number import whole_number
from fashionsdk.backends._backend import Backend
from fashionsdk.backends._host import int8_saturates
from fashionsdk.backends._registry import (
    DEVICE_TITLES,
    ENGINE_RUNTIMES,
    PRECISIONS,
    RUNTIMES,
    Device,
    DeviceKind,
    Runtime,
)
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle

_Kind: TypeAlias = DeviceKind | Literal["auto"]

MAX_THREADS = 1024  # more than any machine has CPUs for one model; a runtime would try to start a million

_PORTABLE = "onnxruntime"  # runs every graph, on the CPU and on CUDA
_FASTEST_ON_CPU = {"int8": "openvino"}  # the portable one for the others
_FP16 = "few CPUs compute in float16: OpenVINO refuses, ONNX Runtime computes in float32 and rounds"
_NO_VNNI = "this CPU is not known to have VNNI, without which only ONNX Runtime's int8 sums do not saturate"


@dataclass(frozen=True)
class _Request:
    """The requested backend, and the reason collected so far."""

    bundle: "Bundle"
    precision: str
    threads: int | None
    runtime: str
    reason: str

    def open(self, runtime: str, device: Device, *reasons: str) -> Backend:
        reason = "; ".join(text for text in (self.reason, *reasons) if text)
        return RUNTIMES[runtime].open(self.bundle, device, self.precision, self.threads, reason)


def open_backend(
    bundle: "Bundle",
    device: str = "auto",
    precision: str | None = None,
    threads: int | None = None,
    runtime: str = "auto",
) -> Backend:
    """Load a graph of the bundle, or an engine, and make it ready to run.

    Args:
        bundle: the bundle.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"``: CUDA if it loads and computes this precision, or
            else the CPU.
        precision: ``"fp32"``, ``"fp16"``, ``"int8"``; ``"bf16"`` for the fp32 graph computed in bfloat16, by OpenVINO;
            or ``None`` for that of the bundle's first graph.
        threads: threads for the CPU's part of the work; ``None`` for as many as the process may use.
        runtime: a name of ``RUNTIMES``, or ``"auto"``: on CUDA an engine of the bundle that fits, or else ONNX Runtime;
            on the CPU ONNX Runtime, but OpenVINO for bf16 and, where the CPU has VNNI, for int8. Engines for the CPU
            run where their runtime is named: they are slower.

    Returns:
        the backend; its ``info.reason`` says why this runtime and this device.

    Raises:
        BackendError: a runtime or device is missing, or the arguments do not go together.
        BundleError: the bundle has no graph of this precision, or the graph is not what the manifest says.
        TypeError: ``device`` is not a string, or ``threads`` not a whole number.
        ValueError: there is no such kind of device, runtime or precision, or ``threads`` is not in 1 to
            ``MAX_THREADS``.
    """
    if threads is not None:
        threads = whole_number(threads, "threads", most=MAX_THREADS, otherwise="None for as many as there are CPUs")
    if precision not in (None, *PRECISIONS):
        raise ValueError(f"precision is {precision!r}; expected None, {', '.join(map(repr, PRECISIONS))}")
    if runtime not in ("auto", *RUNTIMES):
        raise ValueError(f"runtime is {runtime!r}; expected 'auto', {', '.join(map(repr, RUNTIMES))}")
    kind, number = _parse(device)
    kinds = _device_kinds(device, kind, precision, runtime)
    precision = precision or bundle.graph().precision  # the same on every machine: a gallery and its queries may meet
    request = _Request(bundle, precision, threads, runtime, _named(device=device, runtime=runtime))
    if kinds == {"cuda"}:
        return _open_cuda(request, number)
    return _open_cpu(request) if kinds == {"cpu"} else _open_best(request)


def _parse(device: str) -> tuple[_Kind, int]:
    match = re.fullmatch(r"(auto|cpu)|cuda(?::(\d+))?", device) if isinstance(device, str) else None
    if match is None:
        raise (ValueError if isinstance(device, str) else TypeError)(
            f"device is {device!r}; expected 'auto', 'cpu', 'cuda' or 'cuda:N'"
        )
    return cast(_Kind, match[1] or "cuda"), int(match[2] or 0)


def _device_kinds(device: str, kind: _Kind, precision: str | None, runtime: str) -> set[DeviceKind]:
    """Return the kinds of devices to try.

    Raises:
        BackendError: no runtime does what was asked for.
    """
    able = [record for record in RUNTIMES.values() if precision is None or record.computes(precision)]
    named = [record for record in able if runtime in ("auto", record.name)]
    kinds = {one for record in named for one in record.devices if kind in ("auto", one)}
    if kinds:
        return kinds
    if not named or runtime == "auto":
        raise BackendError(
            f"precision={precision!r} was asked for with device={device!r} and runtime={runtime!r}; {_only(able)}, "
            "or another precision"
        )
    places = " and ".join(DEVICE_TITLES[one] for one in named[0].devices)
    raise BackendError(
        f"runtime={runtime!r} was asked for with device={device!r}; it runs on {places}: "
        f"choose device={named[0].devices[0]!r}, or another runtime"
    )


def _only(able: Iterable[Runtime]) -> str:
    """Say which runtimes compute a precision, and what to choose."""
    first, *others = able
    titles = " and ".join(record.title for record in (first, *others))
    place = {"cpu": "a CPU", "cuda": "CUDA"}[first.devices[0]]
    return (
        f"only {titles} on {place} compute{'' if others else 's'} it: "
        f"choose runtime={first.name!r} and device={first.devices[0]!r}"
    )


def _named(**arguments: str) -> str:
    """Say which arguments the caller gave."""
    given = [f"{name}={value!r}" for name, value in arguments.items() if value != "auto"]
    return f"{' and '.join(given)} {'was' if len(given) == 1 else 'were'} asked for" if given else ""


def _open_best(request: _Request) -> Backend:
    """Open on CUDA if it loads and computes this precision, or else on the CPU."""
    from fashionsdk.backends.onnxruntime import has_cuda

    if request.runtime in ENGINE_RUNTIMES:
        return _open_engine(request)
    backend, why = _try_engines(request, 0)
    if backend is not None:
        return backend
    if not RUNTIMES[_PORTABLE].installed or not RUNTIMES[_PORTABLE].computes(request.precision):
        return _open_cpu(request, why)
    if not has_cuda():
        return _open_cpu(request, why, "the installed onnxruntime is for the CPU")
    try:
        return request.open(_PORTABLE, Device("cuda"), why, "CUDA is available")
    except BackendError as error:
        return _open_cpu(request, why, f"CUDA is not taken: {error}")


def _open_engine(request: _Request) -> Backend:
    """Open an engine of the requested runtime, on CUDA if one is built for it and loads."""
    engines = [engine for engine in request.bundle.manifest.engines if engine.kind == request.runtime]
    if all(engine.device == "cpu" for engine in engines):
        return _open_cpu(request)
    try:
        return request.open(request.runtime, Device("cuda"))
    except BackendError as error:
        if all(engine.device == "cuda" for engine in engines):
            raise
        return _open_cpu(request, f"CUDA is not taken: {error}")


def _open_cuda(request: _Request, number: int) -> Backend:
    if request.runtime != "auto":
        return request.open(request.runtime, Device("cuda", number))
    backend, why = _try_engines(request, number)
    if backend is not None:
        return backend
    if not RUNTIMES[_PORTABLE].computes(request.precision):
        kinds = [kind for kind in ENGINE_RUNTIMES if RUNTIMES[kind].computes(request.precision, "cuda")]
        raise BackendError(
            f"{request.precision} was asked for on CUDA, which engines of {', '.join(kinds)} alone compute, and "
            f"{why or 'this bundle has none'}: build one with export/build_engine.py, or choose another precision"
        )
    try:
        return request.open(_PORTABLE, Device("cuda", number), why)
    except BackendError as error:
        if not why:
            raise
        raise BackendError(f"{why}; {error}") from error


def _open_cpu(request: _Request, *reasons: str) -> Backend:
    runtime, why = (request.runtime, "") if request.runtime != "auto" else _best_on_cpu(request.precision)
    return request.open(runtime, Device("cpu"), *reasons, why)


def _best_on_cpu(precision: str) -> tuple[str, str]:
    """Return the fastest of the installed runtimes for a precision, and why it is taken.

    Measured on ResNet-50, 224 pixels, 2 cores with AVX-512 VNNI, milliseconds a photo in batches of 8: fp32 31 in ONNX
    Runtime and 36 in OpenVINO (31 and 66 one by one), int8 13 and 8.
    """
    able = [record for record in RUNTIMES.values() if record.runs_graphs and record.computes(precision, "cpu")]
    if len(able) == 1:
        return able[0].name, f"only {able[0].title} computes {precision}"
    if precision == "fp16":
        return _PORTABLE, _FP16
    if precision == "int8" and int8_saturates() is not False:
        return _PORTABLE, _NO_VNNI
    best = RUNTIMES[_FASTEST_ON_CPU.get(precision, _PORTABLE)]
    if best.installed:
        return best.name, f"{best.name} is the faster for {precision} on a CPU"
    for other in able:
        if other.installed:
            return other.name, f"{best.name}, the faster for {precision} on a CPU, is not installed"
    return _PORTABLE, ""  # whose error says how to install it


def _try_engines(request: _Request, number: int) -> tuple[Backend | None, str]:
    """Open the first engine of the bundle that runs here, or say why none does."""
    if request.runtime != "auto":
        return None, ""
    reasons = []
    kinds = {engine.kind for engine in request.bundle.manifest.engines if engine.device == "cuda"}
    for kind in sorted(kinds, key=ENGINE_RUNTIMES.index):
        try:
            return request.open(kind, Device("cuda", number), "an engine of the bundle fits this GPU"), ""
        except BackendError as error:
            reasons.append(str(error))
    return None, "; ".join(reasons)
