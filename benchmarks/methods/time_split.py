"""Where the time of one photo goes: decoding, preprocessing, copying to the device and back, the graph."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from fashionsdk.bundle import Bundle
from fashionsdk.photos import open_photo
from harness.answers import check_embeddings
from harness.bursts import burst
from harness.drawn_jpegs import drawn_jpeg
from harness.measure import measure_for
from harness.separate_process import RemoteError, RemoteObject
from harness.tables import table
from methods.embedding_methods import Pixels, SDKMethod, Vectors, reason, sdk_methods

PHOTO_SIDE = 1000
HEADER = ("method", "device", "precision", "decode", "preprocess", "copy", "graph", "all by `embed`", "all ÷ sum")


@dataclass(frozen=True)
class Parts:
    """Median milliseconds of one photo; ``copy`` is 0 on the CPU, where the graph reads the pixels where they lie."""

    decode: float
    preprocess: float
    copy: float
    graph: float
    whole: float


@dataclass(frozen=True)
class Split:
    """The parts of one of the SDK's methods, or the reason why it has none."""

    method: SDKMethod
    parts: Parts | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {"method": self.method.name, "device": self.method.device, "precision": self.method.precision}
        if self.parts is None:
            return {"split": "one photo", **named, "reason": self.reason}
        return {"split": "one photo", **named, "unit": "ms", **asdict(self.parts)}


def measure_split(bundle: Bundle, device: str, threads: int, seconds: float) -> list[Split]:
    """Time the parts for every one of the SDK's methods on ``device``, each in a process of its own."""
    photo, splits = drawn_jpeg(0, PHOTO_SIDE), []
    for method in sdk_methods(device):
        try:
            parts = RemoteObject(partial(Photo, bundle, method, threads, photo)).call("parts", seconds)
        except RemoteError as error:
            splits.append(Split(method, None, reason(error)))
            continue
        splits.append(Split(method, parts))
    return splits


class Photo:
    """A photo that one of the SDK's methods embeds."""

    def __init__(self, bundle: Bundle, method: SDKMethod, threads: int, photo: bytes) -> None:
        self.embedder, self.method, self.photo = method.embedder(bundle, threads), method, photo
        self.pixels = self.embedder.preprocessing.read(photo)[np.newaxis]
        self.expected = self.embedder.embed(self.pixels).vectors

    def parts(self, seconds: float) -> Parts:
        """Time the parts in turn."""
        bursts = {name: partial(burst, function) for name, function in self._steps().items()} | {
            name: partial(burst, function, check=self._check) for name, function in self._answers().items()
        }
        p50 = {name: times.p50 for name, times in measure_for(bursts, seconds / 2).items()}
        copy = p50.get("copy", 0.0)
        preprocess, graph = round(p50["read"] - p50["decode"], 3), round(p50["graph"] - copy, 3)
        return Parts(p50["decode"], preprocess, copy, graph, p50["whole"])

    def _steps(self) -> dict[str, Callable[[], object]]:
        read = self.embedder.preprocessing.read
        steps: dict[str, Callable[[], object]] = {
            "decode": partial(open_photo, self.photo, at_least=self.embedder.preprocessing.decoded_size),
            "read": partial(read, self.photo),
        }
        if self.method.device != "cpu":
            steps["copy"] = _copy(self.method.device, self.pixels, self.expected)
        return steps

    def _answers(self) -> dict[str, Callable[[], Vectors]]:
        embed = self.embedder.embed
        return {"graph": lambda: embed(self.pixels).vectors, "whole": lambda: embed(self.photo).vectors}

    def _check(self, vectors: Vectors) -> None:
        check_embeddings(self.expected, vectors, self.method.precision)


def _copy(device: str, pixels: Pixels, vectors: Vectors) -> Callable[[], None]:
    """Return a function that copies the pixels to the device and the vectors back."""
    import torch  # here, so that processes that use the CPU do not load it

    there = torch.from_numpy(vectors).to(device)

    def copy() -> None:
        torch.from_numpy(pixels).to(device)
        there.cpu()
        torch.cuda.synchronize()

    return copy


def split_table(splits: Sequence[Split]) -> str:
    """Return the markdown table."""
    return table(HEADER, [_cells(split) for split in splits])


def _cells(split: Split) -> list[str]:
    named, parts = [split.method.name, split.method.device, split.method.precision], split.parts
    if parts is None:
        return [*named, "", "", "", "", "", split.reason]
    total = parts.decode + parts.preprocess + parts.copy + parts.graph
    times = (parts.decode, parts.preprocess, parts.copy, parts.graph, parts.whole)
    return [*named, *(f"{value:.2f}" for value in times), f"{parts.whole / total:.3f}"]
