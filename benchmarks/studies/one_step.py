"""What does ASEN++ lose when its two steps become one static graph? Rank agreement and MAP, not only numbers.

    python benchmarks one_step runs/systems/garments-small-4/asen_pp-0/best --data runs/systems/garments/labels.csv

Two steps, the original: the region is cut out of the photo itself and resized by Pillow. One step: it is cut out of the
model's input, a photo already reduced, by resampling matrices (as in this project) or by GridSample at sixteen bilinear
samples a pixel or one. Each is compared with two steps from the photo and from the same input, which separates the
effect of the crop from that of the resolution. The table has the share of the ten nearest photos that stay among the
ten nearest, cosines of the local branch's vectors (median and 1st percentile), and MAP over queries.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk.photos import open_image
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import ASENPlusPlus, asen_pp
from fashionsdk_training.models.parts import crop
from fashionsdk_training.originals import embed_pictures
from harness.measure import measure
from harness.tables import table
from harness.this_machine import machine

NEIGHBOURS, BATCH = 10, 32
TWO_STEPS, SAME_INPUT = "two steps", "two steps, from the graph's input"
Crop = Callable[[Tensor, Tensor, int], Tensor]
HEADER = (
    "system",
    "as two steps: neighbours kept",
    "cosine of local vectors",
    "as two steps from the same input: neighbours kept",
    "cosine of local vectors",
    "MAP over queries",
)


def grid_sample(samples: int) -> Crop:
    """Return a crop by GridSample, the mean of ``samples`` x ``samples`` bilinear samples a pixel."""

    def sample(pixels: Tensor, region: Tensor, side: int) -> Tensor:
        leading = np.broadcast_shapes(pixels.shape[:-3], region.shape[:-1])
        size, fine = pixels.shape[-1], side * samples
        steps = (torch.arange(fine) + 0.5) / fine
        corner, length = region[..., :2, None], region[..., 2:, None]
        places = (corner + length * steps) * 2 / size - 1  # (..., 2, fine)
        across, down = (places[..., axis, :].unsqueeze(-2 + axis) for axis in (0, 1))
        square = (*region.shape[:-1], fine, fine)
        grid = torch.stack([across.expand(square), down.expand(square)], dim=-1)
        flat = pixels.expand(*leading, -1, -1, -1).reshape(-1, 3, size, size)
        grid = grid.expand(*leading, -1, -1, -1).reshape(-1, fine, fine, 2)
        cut = nn.functional.grid_sample(flat, grid, padding_mode="border", align_corners=False)
        return nn.functional.avg_pool2d(cut, samples).reshape(*leading, 3, side, side)

    return sample


@torch.inference_mode()
def one_step(model: ASENPlusPlus, images: NDArray[np.uint8], cut: Crop) -> NDArray[np.float32]:
    """Return embeddings ``(N, A, D)`` of model inputs, with ``cut`` for the regions of the local branch."""

    def chosen(pixels: Tensor, region: Tensor, side: int) -> Tensor:
        return (crop if region.dim() == 1 else cut)(pixels, region, side)  # the whole picture is reduced as ever

    with mock.patch.object(asen_pp, "crop", chosen):
        rows = [
            model(torch.from_numpy(images[part])).embeddings.numpy()
            for part in progress_bar(slices(len(images), BATCH), "one step", None, "batch")
        ]
    return np.concatenate(rows)


def neighbours_kept(expected: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """Return the share of the ten nearest photos, per photo and attribute, that stay among the ten nearest."""
    shares = []
    for a in range(expected.shape[1]):
        nearest = []
        for vectors in (expected[:, a], found[:, a]):
            scores = vectors @ vectors.T
            np.fill_diagonal(scores, -np.inf)
            nearest.append(np.argsort(-scores, axis=1)[:, :NEIGHBOURS])
        shares += [len(set(x) & set(y)) / NEIGHBOURS for x, y in zip(*nearest, strict=True)]
    return float(np.mean(shares))


def mean_average_precision(split: RetrievalSplit, vectors: NDArray[np.float32], names: list[str]) -> float:
    return evaluate(split, [(np.arange(len(vectors)), vectors)], names).overall.map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="an ASEN++ checkpoint folder")
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--split", default="valid")
    args = parser.parse_args()
    checkpoint, split = Checkpoint.load(args.checkpoint), read_retrieval(args.data, args.split)
    model, names = checkpoint.build(), [attribute.name for attribute in checkpoint.attributes]
    assert isinstance(model, ASENPlusPlus), f"{args.checkpoint} holds {checkpoint.model.architecture}; expected asen_pp"
    pictures = [open_image(path) for path in progress_bar(split.paths, "decoding", None, "photo")]
    images = np.stack([checkpoint.preprocessing.read(path) for path in split.paths])
    inputs = [Image.fromarray(image) for image in images]
    crops = {"resampling matrices": crop, "GridSample, 4 x 4 samples": grid_sample(4), "GridSample": grid_sample(1)}
    answers = {
        name: embed_pictures(model, list(progress_bar(photos, name, None, "photo"))).numpy()
        for name, photos in {TWO_STEPS: pictures, SAME_INPUT: inputs}.items()
    }
    answers |= {f"one step, {name}": one_step(model, images, cut) for name, cut in crops.items()}
    rows = []
    for name, found in answers.items():
        cells = [cell for other in (TWO_STEPS, SAME_INPUT) for cell in agreement(answers[other], found, model)]
        rows.append([name, *cells, f"{mean_average_precision(split, found, names):.2f}"])
    print(table(HEADER, rows))
    print(json.dumps({"crop_ms": crop_times(crops, images.shape[1], len(names), model), **machine("torch")}))


def agreement(expected: NDArray[np.float32], found: NDArray[np.float32], model: ASENPlusPlus) -> tuple[str, str]:
    """Return the share of neighbours kept, and the median and 1st percentile of the local vectors' cosines."""
    half = expected.shape[-1] // 2
    cosines = (expected[..., half:] * found[..., half:]).sum(-1) / (1 - model.local.beta)
    middle, low = np.percentile(cosines, (50, 1))
    return f"{neighbours_kept(expected, found):.1%}", f"{middle:.4f}, {low:.4f}"


def crop_times(crops: Mapping[str, Crop], side: int, attributes: int, model: ASENPlusPlus) -> dict[str, float]:
    """Return the milliseconds of one photo's crops in PyTorch, the regions being nearly the whole photo."""
    pixels = torch.rand(1, 1, 3, side, side)
    regions = torch.tensor([[[8.0, 8.0, side - 16.0]]]).expand(1, attributes, 3)
    functions = {name: partial(cut, pixels, regions, model.local.side) for name, cut in crops.items()}
    return {name: latency.p50 for name, latency in measure(functions, calls=50).items()}


if __name__ == "__main__":
    main()
