"""Which runtime runs a bundle on which device: what was asked for, or else the fastest that is here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, TypeAlias, cast

from fashionsdk.backends import _openvino as openvino
from fashionsdk.backends import onnxruntime
from fashionsdk.backends._base import Backend
from fashionsdk.backends._host import int8_saturates
from fashionsdk.bundle import Bundle, EngineKind
from fashionsdk.errors import BackendError

_Kind: TypeAlias = Literal["auto", "cpu", "cuda"]

_FP16 = "few CPUs compute in float16: OpenVINO refuses, ONNX Runtime computes in float32 and rounds"
_NO_VNNI = "this CPU is not known to have VNNI, without which only ONNX Runtime's int8 sums do not saturate"
RUNTIMES = ("onnxruntime", "openvino", "tensorrt", "tensorrt-rtx")
PRECISIONS = ("fp32", "fp16", "int8", "bf16")


@dataclass(frozen=True)
class _Wish:
    """What to open, and what has been said of the reason so far."""

    bundle: Bundle
    precision: str
    threads: int | None
    runtime: str
    told: str

    def reason(self, *more: str) -> str:
        return "; ".join(text for text in (self.told, *more) if text)


def open_backend(
    bundle: Bundle,
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
        runtime: ``"onnxruntime"``, ``"openvino"``, ``"tensorrt"``, ``"tensorrt-rtx"``, or ``"auto"``: on CUDA an engine
            of the bundle that fits, or else ONNX Runtime; on the CPU ONNX Runtime, but OpenVINO for bf16 and,
            where the CPU has VNNI, for int8.

    Returns:
        the backend; its ``info.reason`` says why this runtime and this device.

    Raises:
        BackendError: what was asked for is not installed, not there, or does not go together.
        BundleError: the bundle has no graph of this precision, or the graph is not what the manifest says.
        ValueError: there is no such kind of device, runtime or precision, or ``threads`` is below 1.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads is {threads}; expected 1 or more, or None for as many as there are")
    if precision not in (None, *PRECISIONS):
        raise ValueError(f"precision is {precision!r}; expected None, {', '.join(map(repr, PRECISIONS))}")
    if runtime not in ("auto", *RUNTIMES):
        raise ValueError(f"runtime is {runtime!r}; expected 'auto', {', '.join(map(repr, RUNTIMES))}")
    kind, number = _parse(device)
    _check_together(device, kind, precision, runtime)
    precision = precision or bundle.graph().precision  # the same on every machine: a gallery and its queries may meet
    wish = _Wish(bundle, precision, threads, runtime, _asked(device=device, runtime=runtime))
    if runtime in ("tensorrt", "tensorrt-rtx"):
        return _open_engine(wish, cast(EngineKind, runtime), number)
    if kind == "cuda":
        return _open_cuda(wish, number)
    if kind == "cpu" or runtime == "openvino" or precision == "bf16":
        return _open_cpu(wish)
    return _open_best(wish)


def _parse(device: str) -> tuple[_Kind, int]:
    match = re.fullmatch(r"(auto|cpu)|cuda(?::(\d+))?", device)
    if match is None:
        raise ValueError(f"device is {device!r}; expected 'auto', 'cpu', 'cuda' or 'cuda:N'")
    return cast(_Kind, match[1] or "cuda"), int(match[2] or 0)


def _check_together(device: str, kind: _Kind, precision: str | None, runtime: str) -> None:
    if precision == "bf16" and (kind == "cuda" or runtime not in ("auto", "openvino")):
        raise BackendError(
            f"precision='bf16' was asked for with device={device!r} and runtime={runtime!r}; only OpenVINO on a CPU "
            "computes it: choose runtime='openvino' and device='cpu', or another precision"
        )
    if kind == "cuda" and runtime == "openvino":
        raise BackendError(
            f"runtime='openvino' was asked for with device={device!r}; it runs on the CPU: "
            "choose device='cpu', or another runtime"
        )
    if kind == "cpu" and runtime in ("tensorrt", "tensorrt-rtx"):
        raise BackendError(
            f"runtime={runtime!r} was asked for with device='cpu'; it runs on CUDA: "
            "choose device='cuda', or another runtime"
        )


def _asked(**wishes: str) -> str:
    named = [f"{name}={value!r}" for name, value in wishes.items() if value != "auto"]
    return f"{' and '.join(named)} {'was' if len(named) == 1 else 'were'} asked for" if named else ""


def _open_best(wish: _Wish) -> Backend:
    """Open on CUDA if it loads and computes this precision, or else on the CPU."""
    backend, why = _try_engines(wish, 0)
    if backend is not None:
        return backend
    if not _installed("onnxruntime"):
        return _open_cpu(wish, why)
    if not onnxruntime.has_cuda():
        return _open_cpu(wish, why, "the installed onnxruntime is for the CPU")
    try:
        reason = wish.reason(why, "CUDA is available")
        return onnxruntime.open_cuda(wish.bundle, 0, wish.precision, wish.threads, reason)
    except BackendError as error:
        return _open_cpu(wish, why, f"CUDA is not taken: {error}")


def _open_cuda(wish: _Wish, number: int) -> Backend:
    backend, why = _try_engines(wish, number)
    if backend is not None:
        return backend
    try:
        return onnxruntime.open_cuda(wish.bundle, number, wish.precision, wish.threads, wish.reason(why))
    except BackendError as error:
        if not why:
            raise
        raise BackendError(f"{why}; {error}") from error


def _open_cpu(wish: _Wish, *why: str) -> Backend:
    runtime, faster = (wish.runtime, "") if wish.runtime != "auto" else _best_on_cpu(wish.precision)
    open_cpu: Callable[..., Backend] = openvino.open_cpu if runtime == "openvino" else onnxruntime.open_cpu
    return open_cpu(wish.bundle, wish.precision, wish.threads, wish.reason(*why, faster))


def _best_on_cpu(precision: str) -> tuple[str, str]:
    """Return the fastest of the installed runtimes for a precision, and why it is taken.

    Measured on ResNet-50, 224 pixels, 2 cores with AVX-512 VNNI, milliseconds a photo in batches of 8: fp32 31 in ONNX
    Runtime and 36 in OpenVINO (31 and 66 one by one), int8 13 and 8.
    """
    if precision == "bf16":
        return "openvino", "only OpenVINO computes bf16"
    if precision == "fp16":
        return "onnxruntime", _FP16
    if precision == "int8" and int8_saturates() is not False:
        return "onnxruntime", _NO_VNNI
    best, other = ("openvino", "onnxruntime") if precision == "int8" else ("onnxruntime", "openvino")
    if _installed(best):
        return best, f"{best} is the faster for {precision} on a CPU"
    if _installed(other):
        return other, f"{best}, the faster for {precision} on a CPU, is not installed"
    return "onnxruntime", ""  # whose error says how to install it


def _installed(module: str) -> bool:
    return find_spec(module) is not None


def _try_engines(wish: _Wish, number: int) -> tuple[Backend | None, str]:
    """Open the first engine of the bundle that runs here, or say why none does."""
    if wish.runtime != "auto" or not wish.bundle.manifest.engines:
        return None, ""
    reasons = []
    for kind in dict.fromkeys(engine.kind for engine in wish.bundle.manifest.engines):
        try:
            return _open_engine(wish, kind, number, "an engine of the bundle fits this GPU"), ""
        except BackendError as error:
            reasons.append(str(error))
    return None, "; ".join(reasons)


def _open_engine(wish: _Wish, kind: EngineKind, number: int, *why: str) -> Backend:
    from fashionsdk.backends.tensorrt import open_engine

    return open_engine(wish.bundle, kind, number, wish.precision, wish.reason(*why))
