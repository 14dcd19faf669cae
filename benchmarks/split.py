"""Where the time of one photo goes: decoding, preprocessing, copying to the device and back, the graph."""

import io
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from fashionsdk import Embedder
from fashionsdk.bundle import Bundle
from fashionsdk.images import open_photo
from fashionsdk.preprocessing import DECODED_SIDES
from fashionsdk_training.garments import draw
from markdown import table
from measure import measure_for
from ways import Ours, Pixels, check_quickly, ours, reason

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
    """Time the parts for every one of the SDK's ways on ``device``."""
    splits = []
    for one in ours(device):
        try:
            embedder = one.embedder(bundle, threads)
        except Exception as error:  # runtimes raise whatever they raise; the table says what
            splits.append(Split(one, None, reason(error)))
            continue
        splits.append(Split(one, _parts(embedder, one, jpeg(), seconds)))
    return splits


def _parts(embedder: Embedder, one: Ours, photo: bytes, seconds: float) -> Parts:
    read = embedder.preprocessing.read
    pixels = read(photo)[np.newaxis]
    expected = embedder.embed(pixels).vectors
    functions: dict[str, Callable[[], Any]] = {
        "decode": partial(open_photo, photo, at_least=DECODED_SIDES * embedder.preprocessing.side),
        "read": partial(read, photo),
        "graph": lambda: embedder.embed(pixels).vectors,
        "whole": lambda: embedder.embed(photo).vectors,
    }

    if one.device != "cpu":
        functions["copy"] = _copy(one.device, pixels, expected)

    def check(name: str, answer: Any) -> None:
        if name in ("graph", "whole"):
            check_quickly(expected, answer, one.precision)

    p50 = {name: times.p50 for name, times in measure_for(functions, seconds / 2, check=check).items()}
    copy = p50.get("copy", 0.0)
    preprocess, graph = round(p50["read"] - p50["decode"], 3), round(p50["graph"] - copy, 3)
    return Parts(p50["decode"], preprocess, copy, graph, p50["whole"])


def _copy(device: str, pixels: Pixels, vectors: np.ndarray) -> Callable[[], None]:
    """Return what carries the pixels to the device and the vectors back."""
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
