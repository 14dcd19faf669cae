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
from fashionsdk.parity import TOLERANCES, Parity, compare
from measure import Latency, measure_for

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
        open: loads it; what it returns turns uint8 images ``(B, S, S, 3)`` into a call that embeds them. Only the call
            is timed.
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
        parity, allowed = (
            compare(self.expected, vectors, None),
            replace(TOLERANCES[way.precision], neighbour_agreement=0.0),
        )
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


class Candidate:
    """A way that was loaded, or the reason why it could not be."""

    def __init__(self, way: Way) -> None:
        self.way, self.reason = way, ""
        self._prepare: Callable[[Pixels], Call] | None = None
        try:
            self._prepare = way.open()
        except Exception as error:  # runtimes and compilers raise whatever they raise; the table says what
            self.reason = reason(error)

    def start(self, batch: Batch) -> "Started | str":
        """Return the call that embeds ``batch``, tried once and found right; or why there is none."""
        if self._prepare is None:
            return self.reason
        try:
            call = self._prepare(batch.images)
            answer = call()
        except Exception as error:  # as above
            return reason(error)
        try:
            batch.check(self.way, answer)
        except WrongAnswer as error:
            return reason(error)
        return Started(self.way, batch, call)


@dataclass(frozen=True)
class Started:
    """A way that is ready to embed a batch."""

    way: Way
    batch: Batch
    call: Call


def time_all(started: Mapping[str, Started], seconds: float) -> dict[str, tuple[Latency, float]]:
    """Time the calls in turn and compare every answer with the reference's; return times and smallest cosines."""
    cosines = dict.fromkeys(started, 1.0)

    def check(label: str, vectors: Vectors) -> None:
        one = started[label]
        cosines[label] = min(cosines[label], one.batch.check(one.way, vectors).min_cosine)

    times = measure_for({label: one.call for label, one in started.items()}, seconds, check=check)
    return {label: (times[label], round(cosines[label], 9)) for label in started}


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

        def open_it() -> Callable[[Pixels], Call]:
            embedder = self.embedder(bundle, threads, batch_size)
            return lambda images: lambda: embedder.embed(images).vectors

        return Way(self.name, self.device, self.precision, open_it)


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
