"""What does ASEN++ lose when its two steps become one static graph? Rank agreement and MAP, not only numbers.

    python benchmarks/one_step.py runs/systems/garments-small-4/asen_pp-0/best --data runs/systems/garments/labels.csv

Two steps, the original: the region is cut out of the photo itself and resized by Pillow. One step: it is cut out of the
model's input, by resampling matrices (ours) or by GridSample at four bilinear samples a pixel or one. Reported against
the two steps: the smallest cosine of the local branch's vectors, share of the ten nearest photos that stay among
the ten nearest, MAP over queries.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fashionsdk.evaluation import evaluate
from fashionsdk.images import open_image
from fashionsdk.labels import RetrievalSplit, read_retrieval
from fashionsdk.progress import progress_bar
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import ASENPlusPlus, asen_pp
from fashionsdk_training.models.regions import crop
from fashionsdk_training.originals import embed_pictures
from measure import machine, measure

NEIGHBOURS = 10
Crop = Callable[[Tensor, Tensor, int], Tensor]


def grid_sample(samples: int) -> Crop:
    """Return a crop by GridSample, the mean of ``samples`` x ``samples`` bilinear samples a pixel."""

    def sample(pixels: Tensor, region: Tensor, side: int) -> Tensor:
        leading = torch.broadcast_shapes(pixels.shape[:-3], region.shape[:-1])
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
            model(torch.from_numpy(images[start : start + 32])).embeddings.numpy()
            for start in progress_bar(range(0, len(images), 32), "one step", None, "batch")
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
    def batches() -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        yield np.arange(len(vectors)), vectors

    return evaluate(split, batches(), names).overall.map


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
    images = np.stack([checkpoint.preprocessing(picture) for picture in pictures])
    two = embed_pictures(model, list(progress_bar(pictures, "two steps", None, "photo"))).numpy()
    crops = {"resampling matrices": crop, "GridSample, 4 x 4 samples": grid_sample(4), "GridSample": grid_sample(1)}
    half = two.shape[-1] // 2
    print("| crop | smallest cosine of local vectors | neighbours kept | MAP over queries | ms a photo |")
    print("|---|---|---|---|---|")
    print(f"| two steps | | | {mean_average_precision(split, two, names):.2f} | |")
    pixels, region = torch.rand(1, 1, 3, *images.shape[1:3]), torch.tensor([[[8.0, 8.0, images.shape[1] - 16.0]]])
    regions = region.expand(1, len(names), 3)
    side = model.local.side
    times = measure({name: lambda cut=cut: cut(pixels, regions, side) for name, cut in crops.items()}, calls=50)
    for name, cut in crops.items():
        found = one_step(model, images, cut)
        cosine = (two[..., half:] * found[..., half:]).sum(-1) / (1 - model.local.beta)
        kept, score = neighbours_kept(two, found), mean_average_precision(split, found, names)
        print(f"| {name} | {cosine.min():.5f} | {kept:.2%} | {score:.2f} | {times[name].p50:.2f} |")
    print(json.dumps(machine("torch")))


if __name__ == "__main__":
    main()
