"""Where the time of one photo goes: decoding, preprocessing, copying to the device and back, the graph."""

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from fashionsdk.bundle import Bundle
from fashionsdk.photos import open_photo
from fashionsdk_training.garments import draw
from harness.measure import burst, measure_for
from harness.separate_process import Apart, ApartError
from harness.tables import table
from ways.embedding_ways import Ours, Pixels, Vectors, check_quickly, ours, reason

PHOTO = (1000, 1000)
HEADER = ("way", "device", "precision", "decode", "preprocess", "copy", "graph", "all by `embed`", "all ÷ sum")


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
    """The parts of one of the SDK's ways, or the reason why it has none."""

    ours: Ours
    parts: Parts | None
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the row as JSON takes it."""
        named = {"way": self.ours.name, "device": self.ours.device, "precision": self.ours.precision}
        if self.parts is None:
            return {"split": "one photo", **named, "reason": self.reason}
        return {"split": "one photo", **named, "unit": "ms", **asdict(self.parts)}


def jpeg() -> bytes:
    """Return a drawn garment as a JPEG file of ``PHOTO`` pixels."""
    buffer = io.BytesIO()
    draw(0, seed=4, side=PHOTO[0]).image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def measure_split(bundle: Bundle, device: str, threads: int, seconds: float) -> list[Split]:
    """Time the parts for every one of the SDK's ways on ``device``, each in a process of its own."""
    photo, splits = jpeg(), []
    for one in ours(device):
        try:
            parts = Apart(partial(Photo, bundle, one, threads, photo)).ask("parts", seconds)
        except ApartError as error:
            splits.append(Split(one, None, reason(error)))
            continue
        splits.append(Split(one, parts))
    return splits


class Photo:
    """A photo that one of the SDK's ways embeds."""

    def __init__(self, bundle: Bundle, one: Ours, threads: int, photo: bytes) -> None:
        self.embedder, self.one, self.photo = one.embedder(bundle, threads), one, photo
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
            "decode": partial(open_photo, self.photo, at_least=self.embedder.preprocessing.decoded_side),
            "read": partial(read, self.photo),
        }
        if self.one.device != "cpu":
            steps["copy"] = _copy(self.one.device, self.pixels, self.expected)
        return steps

    def _answers(self) -> dict[str, Callable[[], Vectors]]:
        embed = self.embedder.embed
        return {"graph": lambda: embed(self.pixels).vectors, "whole": lambda: embed(self.photo).vectors}

    def _check(self, vectors: Vectors) -> None:
        check_quickly(self.expected, vectors, self.one.precision)


def _copy(device: str, pixels: Pixels, vectors: Vectors) -> Callable[[], None]:
    """Return what carries the pixels to the device and the vectors back."""
    import torch  # here, so that processes of the CPU's ways do not load it

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
    named, parts = [split.ours.name, split.ours.device, split.ours.precision], split.parts
    if parts is None:
        return [*named, "", "", "", "", "", split.reason]
    total = parts.decode + parts.preprocess + parts.copy + parts.graph
    times = (parts.decode, parts.preprocess, parts.copy, parts.graph, parts.whole)
    return [*named, *(f"{value:.2f}" for value in times), f"{parts.whole / total:.3f}"]
