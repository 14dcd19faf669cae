"""Ways to embed a batch: what one is, the SDK's own, and the reference answers that all are held to."""

import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Embedder
from fashionsdk.bundle import Bundle, Reference
from fashionsdk.embedding import TOLERANCES, Parity, compare
from harness.measure import Latency, burst, measure_for
from harness.separate_process import Apart, ApartError

Pixels: TypeAlias = NDArray[np.uint8]
Vectors: TypeAlias = NDArray[np.float32]
Call: TypeAlias = Callable[[], Vectors]

DEVICES = ("cpu", "cuda")
OURS = {
    "cpu": {"onnxruntime": ("fp32", "fp16", "int8"), "openvino": ("fp32", "fp16", "bf16", "int8")},
    "cuda": {
        "onnxruntime": ("fp32", "fp16"),
        "tensorrt": ("fp32", "fp16", "int8"),
        "tensorrt-rtx": ("fp32", "fp16", "int8"),
    },
}
REASON = 110  # characters
ORIGINAL, BARE = "original way", "bare session"


class WrongAnswer(Exception):
    """A way gave other embeddings than the trained model."""


@dataclass(frozen=True)
class Way:
    """One way to embed.

    Attributes:
        name: for tables.
        device: ``"cpu"`` or ``"cuda"``.
        precision: of its arithmetic; says how exact its answers must be.
        open: loads it into the process it is called in; what it returns turns uint8 images ``(B, S, S, 3)`` into a call
            that embeds them. Only the call is timed.
    """

    name: str
    device: str
    precision: str
    open: Callable[[], Callable[[Pixels], Call]]

    @property
    def label(self) -> str:
        """Name, device and precision."""
        return f"{self.name}, {self.device}, {self.precision}"


class Batch:
    """Photos of the bundle's reference, repeated to a batch, and the answers of the trained model.

    Args:
        reference: of the bundle.
        size: B.
    """

    def __init__(self, reference: Reference, size: int) -> None:
        index = np.arange(size) % len(reference.images)
        self.images = np.ascontiguousarray(reference.images[index])
        self.expected = Reference(self.images, reference.embeddings[index], None)

    def check(self, way: Way, vectors: Vectors) -> Parity:
        """Compare embeddings ``(B, A, D)`` with the trained model's.

        Raises:
            WrongAnswer: they differ by more than the precision allows.
        """
        # A batch of one photo has no neighbours, and a photo that is there twice has too near ones.
        allowed = replace(TOLERANCES[way.precision], neighbour_agreement=0.0)
        parity = compare(self.expected, vectors, None)
        if not parity.fits(allowed):
            found = (
                f"largest difference {parity.max_abs_difference:.1e}, 90 % of cosines {parity.low_cosine:.5f} or more"
            )
            raise WrongAnswer(f"wrong answer: {found}; allowed for {way.precision} {allowed.low_cosine}")
        return parity


def check_quickly(expected: Vectors, found: Vectors, precision: str) -> None:
    """Compare cosines only, of embeddings ``(..., D)``, where checking takes time from what is measured.

    Raises:
        WrongAnswer: more than one in ten is smaller than the precision allows.
    """
    low, allowed = float(np.quantile(np.sum(expected * found, axis=-1), 0.1)), TOLERANCES[precision].low_cosine
    if low < allowed:
        raise WrongAnswer(f"wrong answer: 90 % of cosines are {low:.5f} or more; expected {allowed} for {precision}")


class Loaded:
    """A way that was loaded into this process."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self._prepare = way.open()
        self._calls: dict[int, tuple[Batch, Call]] = {}

    def start(self, batch: Batch) -> None:
        """Embed ``batch`` once and find it right; it can then be timed.

        Raises:
            WrongAnswer: it is not right; and whatever the runtime raises.
        """
        call = self._prepare(batch.images)
        batch.check(self.way, call())
        self._calls[len(batch.images)] = batch, call

    def call(self, size: int) -> Call:
        """Return the call that embeds the batch of this size that was started."""
        return self._calls[size][1]

    def burst(self, size: int, calls: int) -> tuple[list[float], float]:
        """Embed the batch of this size so often; return the milliseconds of each and the smallest cosine."""
        batch, call = self._calls[size]
        cosines: list[float] = []
        times = burst(call, calls, lambda vectors: cosines.append(batch.check(self.way, vectors).min_cosine))
        return times, min(cosines)


class Candidate:
    """A way that was loaded into a process of its own, as in a service, or the reason why it could not be."""

    def __init__(self, way: Way) -> None:
        self.way, self.reason = way, ""
        try:
            self._loaded = Apart(partial(Loaded, way))
        except ApartError as error:
            self.reason = reason(error)

    def start(self, batch: Batch) -> "Started | str":
        """Return the way once it embedded ``batch`` rightly, or why it did not."""
        if self.reason:
            return self.reason
        try:
            self._loaded.ask("start", batch)
        except ApartError as error:
            return reason(error)
        return Started(self.way, partial(self._loaded.ask, "burst", len(batch.images)))


@dataclass
class Started:
    """A way that is ready to embed a batch, and the smallest cosine of its answers to the reference so far."""

    way: Way
    ask: Callable[[int], tuple[list[float], float]]
    cosine: float = 1.0

    def burst(self, calls: int) -> list[float]:
        """Embed so often, every answer checked; return the milliseconds of each."""
        times, cosine = self.ask(calls)
        self.cosine = min(self.cosine, cosine)
        return times


def time_all(started: Mapping[str, Started], seconds: float) -> dict[str, tuple[Latency, float]]:
    """Time the ways in turn and compare every answer with the reference's; return times and smallest cosines."""
    times = measure_for({label: one.burst for label, one in started.items()}, seconds)
    return {label: (times[label], round(one.cosine, 9)) for label, one in started.items()}


def reason(error: Exception) -> str:
    """Return an error's first line, short enough for a table."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return textwrap.shorten(lines[0].replace("|", "/"), REASON, placeholder=" …")


@dataclass(frozen=True)
class Ours:
    """One of the SDK's ways: a device, a runtime and a precision."""

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

    def way(self, bundle: Bundle, threads: int, batch_size: int) -> Way:
        """Return this as a way to embed batches of arrays."""
        return Way(self.name, self.device, self.precision, partial(_embed, self, bundle, threads, batch_size))


def _embed(ours: Ours, bundle: Bundle, threads: int, batch_size: int) -> Callable[[Pixels], Call]:
    embedder = ours.embedder(bundle, threads, batch_size)
    return lambda images: lambda: embedder.embed(images).vectors


def ours(device: str) -> list[Ours]:
    """Return the SDK's ways on a device: every runtime and precision that there may be."""
    return [
        Ours(device, runtime, precision) for runtime, precisions in OURS[device].items() for precision in precisions
    ]


def bare_session(bundle: Bundle, threads: int) -> Way:
    """Return ONNX Runtime alone on the bundle's FP32 graph, with its own defaults but for the number of threads."""
    return Way(BARE, "cpu", "fp32", partial(_session, bundle, threads))


def _session(bundle: Bundle, threads: int) -> Callable[[Pixels], Call]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(bundle.graph_path("fp32"), options, providers=["CPUExecutionProvider"])
    return lambda images: lambda: session.run(["embeddings"], {"images": images})[0]
