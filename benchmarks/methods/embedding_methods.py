"""Methods to embed a batch: what one is, the SDK's own, and how each runs in a process of its own."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Embedder
from fashionsdk.backends import DEVICES, RUNTIMES
from fashionsdk.bundle import Bundle
from harness.answers import ReferenceBatch, check_embeddings
from harness.bursts import burst
from harness.measure import Latency, measure_for
from harness.separate_process import RemoteError, RemoteObject

__all__ = [
    "BARE",
    "DEVICES",
    "ORIGINAL",
    "Call",
    "LoadedMethod",
    "Method",
    "Pixels",
    "ReadyMethod",
    "RemoteMethod",
    "SDKMethod",
    "Vectors",
    "bare_session",
    "reason",
    "sdk_methods",
    "time_all",
]

Pixels: TypeAlias = NDArray[np.uint8]
Vectors: TypeAlias = NDArray[np.float32]
Call: TypeAlias = Callable[[], Vectors]
Prepare: TypeAlias = Callable[[Pixels], Call]

REASON = 110  # characters
ORIGINAL, BARE = "original program", "bare session"


@dataclass(frozen=True)
class Method:
    """One method to embed photos.

    Attributes:
        name: for tables.
        device: ``"cpu"`` or ``"cuda"``.
        precision: of its arithmetic; says how exact its answers must be.
        open: loads it into the process it is called in; what it returns turns uint8 images ``(B, H, W, 3)`` into a call
            that embeds them. Only the call is timed.
    """

    name: str
    device: str
    precision: str
    open: Callable[[], Prepare]

    @property
    def label(self) -> str:
        """Name, device and precision."""
        return f"{self.name}, {self.device}, {self.precision}"


class LoadedMethod:
    """A method that was loaded into this process."""

    def __init__(self, method: Method) -> None:
        self.method = method
        self._prepare = method.open()
        self._calls: dict[int, tuple[ReferenceBatch, Call]] = {}

    def start(self, batch: ReferenceBatch) -> None:
        """Embed ``batch`` once and check the answer; it can then be timed.

        Raises:
            WrongAnswer: the answer is wrong; and whatever the runtime raises.
        """
        call = self._prepare(batch.images)
        check_embeddings(batch.expected, call(), self.method.precision)
        self._calls[len(batch.images)] = batch, call

    def call(self, size: int) -> Call:
        """Return the call that embeds the batch of this size that was started."""
        return self._calls[size][1]

    def burst(self, size: int, calls: int) -> tuple[list[float], float]:
        """Embed the batch of this size ``calls`` times; return the milliseconds of each and the smallest cosine."""
        batch, call = self._calls[size]
        cosines: list[float] = []

        def check(vectors: Vectors) -> None:
            cosines.append(check_embeddings(batch.expected, vectors, self.method.precision))

        times = burst(call, calls, check)
        return times, min(cosines)


class RemoteMethod:
    """A method that was loaded into a process of its own, as in a service, or the reason why it could not be."""

    def __init__(self, method: Method) -> None:
        self.method, self.reason = method, ""
        try:
            self._loaded = RemoteObject(partial(LoadedMethod, method))
        except RemoteError as error:
            self.reason = reason(error)

    def start(self, batch: ReferenceBatch) -> "ReadyMethod | str":
        """Return the method once it has embedded ``batch`` with the right answer, or why it did not."""
        if self.reason:
            return self.reason
        try:
            self._loaded.call("start", batch)
        except RemoteError as error:
            return reason(error)
        return ReadyMethod(partial(self._loaded.call, "burst", len(batch.images)))


@dataclass
class ReadyMethod:
    """A method that is ready to embed a batch, and the smallest cosine of its answers so far."""

    _burst: Callable[[int], tuple[list[float], float]]
    cosine: float = 1.0

    def burst(self, calls: int) -> list[float]:
        """Embed ``calls`` times, every answer checked; return the milliseconds of each."""
        times, cosine = self._burst(calls)
        self.cosine = min(self.cosine, cosine)
        return times


def time_all(
    ready: Mapping[str, ReadyMethod], seconds: float, measured: Callable[[str, Latency, float], None] | None = None
) -> dict[str, tuple[Latency, float]]:
    """Time the methods in turn, every answer checked; return times and smallest cosines.

    Args:
        ready: the methods.
        seconds: time for each.
        measured: is told the times and the smallest cosine of each, also if the run ends early.
    """

    def tell(label: str, times: Latency) -> None:
        if measured is not None:
            measured(label, times, round(ready[label].cosine, 9))

    times = measure_for({label: one.burst for label, one in ready.items()}, seconds, tell)
    return {label: (times[label], round(one.cosine, 9)) for label, one in ready.items()}


def reason(error: Exception) -> str:
    """Return an error's first line, short enough for a table."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return textwrap.shorten(lines[0].replace("|", "/"), REASON, placeholder=" …")


@dataclass(frozen=True)
class SDKMethod:
    """One of the SDK's methods: a device, a runtime and a precision."""

    device: str
    runtime: str
    precision: str

    @property
    def name(self) -> str:
        """The name in tables."""
        return f"fashionsdk, {self.runtime}"

    def embedder(self, bundle: Bundle, threads: int, batch_size: int = 32) -> Embedder:
        """Open the bundle this way."""
        return Embedder(
            bundle,
            device=self.device,
            runtime=self.runtime,
            precision=self.precision,
            threads=threads,
            batch_size=batch_size,
        )

    def method(self, bundle: Bundle, threads: int, batch_size: int) -> Method:
        """Return this as a method to embed batches of arrays."""
        return Method(
            self.name, self.device, self.precision, partial(_open_embedder, self, bundle, threads, batch_size)
        )


def _open_embedder(method: SDKMethod, bundle: Bundle, threads: int, batch_size: int) -> Prepare:
    embedder = method.embedder(bundle, threads, batch_size)
    return lambda images: lambda: embedder.embed(images).vectors


def sdk_methods(device: str) -> list[SDKMethod]:
    """Return the SDK's methods on a device: every runtime and every precision that it computes there."""
    return [
        SDKMethod(device, runtime.name, precision)
        for runtime in RUNTIMES.values()
        for kind, precisions in runtime.precisions.items()
        for precision in precisions
        if kind == device
    ]


def bare_session(bundle: Bundle, threads: int) -> Method:
    """Return ONNX Runtime alone on the bundle's FP32 graph, with its own defaults except the number of threads."""
    return Method(BARE, "cpu", "fp32", partial(_open_session, bundle, threads))


def _open_session(bundle: Bundle, threads: int) -> Prepare:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(bundle.graph_path("fp32"), options, providers=["CPUExecutionProvider"])
    return lambda images: lambda: session.run(["embeddings"], {"images": images})[0]
