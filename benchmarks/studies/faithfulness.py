"""Does attention mark what an embedding depends on? Cover what it marks, or show nothing else, and watch.

    python benchmarks faithfulness runs/shop/best --data shop/labels.csv --photos 100

*Deletion*: the marked cells of a photo are covered by its mean colour, from the brightest on; how far has the
attribute's embedding moved (1 - cosine)? *Insertion*: the photo is covered, and the marked cells are uncovered; how
near is the embedding to the whole photo's (cosine)? Both are means over shares of the visible cells, so larger is
better. Both are compared with the order of other maps on the same photos: the attribute's mean map over all photos,
which is one fixed place; the gradient of the most probable value (Simonyan et al., 2014, arXiv:1312.6034); and chance.
An interval is that of the mean difference over photos, 95 %, by bootstrap.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionsdk._tools.progress import progress_bar
from fashionsdk.errors import ImageError
from fashionsdk.labels import read_retrieval
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import AttributeModel
from harness.tables import json_lines, table
from harness.this_machine import machine

SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
OTHERS = ("fixed place", "gradient", "chance")
COLUMNS = ("attribute", "measure", "attention", *(f"{name} (difference)" for name in OTHERS))
DRAWS = 2000
AT_ONCE = 16  # photos


def read(checkpoint: Checkpoint, data: Path, count: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return photos of the validation split as model input, and which pixels are not padding, ``(N, H, W)``."""
    split = read_retrieval(data, "valid")
    images: list[NDArray[np.uint8]] = []
    shown: list[NDArray[np.bool_]] = []
    for index in np.random.default_rng(0).permutation(len(split.sources)):
        if len(images) == count:
            break
        try:
            pixels, placement = checkpoint.preprocessing.read_placed(split.sources[index])
        except ImageError:
            continue
        left, top, right, bottom = placement.visible
        mask = np.zeros(pixels.shape[:2], np.bool_)
        mask[top:bottom, left:right] = True
        images.append(pixels)
        shown.append(mask)
    return np.stack(images), np.stack(shown)


def gradient_maps(model: AttributeModel, images: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return ``(N, A, h, w)``: the size of the gradient of the most probable value's logit, summed over each cell."""
    pixels = model.normalise(images).requires_grad_()
    logits = model.encode(pixels).logits
    assert logits is not None, "the network has no classifiers"
    maps = []
    for a in range(logits.shape[1]):
        (gradient,) = torch.autograd.grad(logits[:, a].max(dim=1).values.sum(), pixels, retain_graph=True)
        maps.append(torch.nn.functional.adaptive_avg_pool2d(gradient.abs().sum(dim=1), shape))
    return torch.stack(maps, dim=1)


@torch.inference_mode()
def curves(
    model: AttributeModel, images: Tensor, shown: Tensor, order: Tensor, a: int, whole: Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return deletion and insertion of each photo, ``(N,)``, means over the shares.

    Args:
        model: the network.
        images: uint8 ``(N, H, W, 3)``.
        shown: which cells are visible, ``(N, h*w)``.
        order: a map's numbers, ``(N, h*w)``; invisible cells come last.
        a: which attribute.
        whole: the whole photos' embeddings, ``(N, D)``.
    """
    count, height, width = images.shape[:3]
    side = round(shown.shape[1] ** 0.5)
    ranks = torch.where(shown, order, order.min() - 1).argsort(dim=1, descending=True).argsort(dim=1)
    mean = images.float().mean(dim=(1, 2), keepdim=True).to(torch.uint8)
    deletion, insertion = np.zeros(count), np.zeros(count)
    for share in SHARES:
        marked = (ranks < share * shown.sum(dim=1, keepdim=True)).float().reshape(count, 1, side, side)
        mask = torch.nn.functional.interpolate(marked, (height, width), mode="nearest")[:, 0, :, :, None] > 0.5
        for covered, kept, sign in ((mask, deletion, -1), (~mask, insertion, 1)):
            vectors = model(torch.where(covered, mean, images)).embeddings[:, a]
            cosine = (vectors * whole).sum(dim=1).numpy()
            kept += (cosine if sign > 0 else 1 - cosine) / len(SHARES)
    return deletion, insertion


def interval(difference: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of a mean, by bootstrap."""
    rng = np.random.default_rng(0)
    means = difference[rng.integers(0, len(difference), (DRAWS, len(difference)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def measure(checkpoint: Checkpoint, data: Path, count: int) -> list[tuple[str, ...]]:
    """Return a row for each attribute and measure."""
    model = checkpoint.build()
    pixels, visible = read(checkpoint, data, count)
    images = torch.from_numpy(pixels)
    with torch.inference_mode():
        parts = [model(part) for part in torch.split(images, AT_ONCE)]
    embeddings, maps = (
        torch.cat([part.embeddings for part in parts]),
        torch.cat([_map(part.attention) for part in parts]),
    )
    height, width = maps.shape[2:]
    shown = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(visible).float()[:, None], (height, width)) > 0.5
    cells = shown.flatten(1)
    gradients = torch.cat(
        [gradient_maps(model, part, (height, width)) for part in torch.split(images, AT_ONCE)]
    ).detach()
    chance = torch.from_numpy(np.random.default_rng(1).random(maps.shape)).float()
    rows = []
    for a in progress_bar(range(maps.shape[1]), "attributes", None, "attribute"):
        fixed = maps[:, a].mean(dim=0, keepdim=True).expand_as(maps[:, a])
        orders = {"attention": maps[:, a], "fixed place": fixed, "gradient": gradients[:, a], "chance": chance[:, a]}
        found = {
            name: _in_parts(model, images, cells, order.flatten(1), a, embeddings[:, a])
            for name, order in orders.items()
        }
        for which, name in enumerate(("deletion", "insertion")):
            own = found["attention"][which]
            others = []
            for other in OTHERS:
                low, high = interval(own - found[other][which])
                others.append(f"{found[other][which].mean():.3f} ({low:+.3f} to {high:+.3f})")
            rows.append((checkpoint.attributes[a].name, name, f"{own.mean():.3f}", *others))
    return rows


def _in_parts(
    model: AttributeModel, images: Tensor, cells: Tensor, order: Tensor, a: int, whole: Tensor
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    parts = zip(*(torch.split(each, AT_ONCE) for each in (images, cells, order, whole)), strict=True)
    pairs = [curves(model, image, cell, rank, a, vector) for image, cell, rank, vector in parts]
    first, second = zip(*pairs, strict=True)
    return np.concatenate(first), np.concatenate(second)


def _map(attention: Tensor | None) -> Tensor:
    if attention is None:
        raise SystemExit("faithfulness: the network has no attention")
    return attention


def main() -> None:
    """Print the table and JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="label table")
    parser.add_argument("--photos", type=int, default=100, help="drawn from the validation split (default: 100)")
    args = parser.parse_args()
    rows = measure(Checkpoint.load(args.checkpoint), args.data, args.photos)
    print(table(COLUMNS, rows))
    print(json_lines([dict(zip(COLUMNS, row, strict=True)) for row in rows]))
    print(json.dumps(machine("torch")))


if __name__ == "__main__":
    main()
