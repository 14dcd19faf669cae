"""Are copies of photos found that were saved again, resized, cropped or mirrored, and nothing else?

    python benchmarks near_copies --data labels.csv

Of each kind, copies of 200 photos of the table are made and laid beside all its photos. A pair that holds a copy is
right if the other is its original or a copy of that. Pairs of the table's own photos were there before: they are
counted, and --page shows them, to be looked at. Photos that show one picture in the table itself are one original.
"""

import argparse
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fashionsdk.labels import LabelSource
from fashionsdk.photos import open_image
from fashionsdk_training.cleaning import LookedAt, look_at, table_items
from fashionsdk_training.cleaning.copies import NearCopy, near_copies
from fashionsdk_training.cli import show_log
from fashionsdk_training.preparing import joined_groups
from fashionsdk_training.probe import FrozenNetwork
from fashionsdk_training.recipes import RECIPES
from harness.tables import table

KINDS = {
    "resized": ("size",),
    "saved again": ("quality",),
    "cropped": ("crop",),
    "mirrored": ("mirror",),
    "all of these": ("crop", "mirror", "size", "quality"),
}
CROP, SIZES, QUALITIES = 0.15, (0.5, 1.5), (40, 90)
PHOTOS = 200  # of each kind
BEST = 95  # quality of copies that are not saved again on purpose


def planted(image: Image.Image, changes: Sequence[str], rng: np.random.Generator) -> bytes:
    """Return a changed copy of a photo as a JPEG file."""
    if "crop" in changes:
        shares = rng.uniform(1 - CROP, 1, 2)
        left, top = rng.uniform(0, 1 - shares) * image.size
        image = image.crop(tuple(np.rint([left, top, *(shares * image.size + (left, top))]).astype(int).tolist()))
    if "mirror" in changes:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if "size" in changes:
        factor = rng.uniform(*SIZES)
        width, height = (max(1, round(length * factor)) for length in image.size)
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(*QUALITIES, endpoint=True)) if "quality" in changes else BEST)
    return file.getvalue()


def plant(
    paths: Sequence[Path], readable: NDArray[np.int64], folder: Path, seed: int
) -> tuple[list[Path], NDArray[np.int64], list[str]]:
    """Write copies of photos; return their files, the photo of each, and each one's kind."""
    rng = np.random.default_rng(seed)
    files: list[Path] = []
    originals, kinds = [], []
    for kind, changes in KINDS.items():
        for original in rng.choice(readable, min(PHOTOS, len(readable)), replace=False).tolist():
            files.append(folder / f"{len(files)}.jpg")
            files[-1].write_bytes(planted(open_image(paths[original]), changes, rng))
            originals.append(original)
            kinds.append(kind)
    return files, np.array(originals), kinds


def joined(before: LookedAt, copies: LookedAt) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return features and pictures of the table's photos, then of the copies."""
    features = np.concatenate([before.features, copies.features])
    return features, np.concatenate([before.pictures, copies.pictures])


def measure(
    pairs: Sequence[NearCopy], count: int, originals: NDArray[np.int64], kinds: Sequence[str]
) -> tuple[list[tuple[str, ...]], list[NearCopy]]:
    """Return a row for each kind and for all, and the pairs of the table's own photos.

    Args:
        pairs: what was found among the table's photos and the copies behind them.
        count: the table's photos.
        originals: the photo of each copy.
        kinds: the kind of each copy.
    """
    own = [pair for pair in pairs if pair.second < count]
    shown = joined_groups(count, [(pair.first, pair.second) for pair in own])  # the picture of each photo
    picture = np.concatenate([shown, shown[originals]])
    mine = [pair for pair in pairs if pair.second >= count]
    found = {pair.second - count for pair in mine if pair.first == originals[pair.second - count]}
    right = {pair for pair in mine if picture[pair.first] == picture[pair.second]}
    rows: list[tuple[str, ...]] = []
    for kind in [*KINDS, "all"]:
        members = {n for n, each in enumerate(kinds) if kind in (each, "all")}
        of_kind = [pair for pair in mine if pair.second - count in members or pair.first - count in members]
        good = sum(pair in right for pair in of_kind)
        recall = len(found & members) / len(members) if members else float("nan")
        precision = good / len(of_kind) if of_kind else float("nan")
        rows.append((kind, str(len(members)), f"{recall:.3f}", str(len(of_kind)), f"{precision:.4f}"))
    return rows, own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--cache", type=Path, default=Path("runs/labels"), help="folder that features are kept in")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--page", type=Path, help="write the pairs of the table's own photos as one picture")
    args = parser.parse_args()
    show_log()
    config = RECIPES["cam_cpu"]()
    network = FrozenNetwork.load(config.model, "package", torch.device("cpu"))
    items = table_items(LabelSource.open(args.data, splits=False))
    before = look_at(items.sources, network, config.preprocessing, args.cache / f"{args.data.parent.name}.safetensors")
    with tempfile.TemporaryDirectory() as folder:
        (readable,) = np.nonzero(before.readable)
        paths = [items.root / row["image"] for row in items.rows]
        files, originals, kinds = plant(paths, readable, Path(folder), args.seed)
        copies = look_at(files, network, config.preprocessing, progress=True)
    pairs = near_copies(*joined(before, copies), progress=True)
    rows, own = measure(pairs, len(items.rows), originals, kinds)
    print(f"{len(items.rows)} photos of {args.data}, {len(originals)} copies, seed {args.seed}\n")
    print(table(("copies", "planted", "recall", "pairs found", "precision"), rows))
    print(f"\n{len(own)} pairs of the table's own photos")
    if args.page:
        side_by_side(before.pictures, own).save(args.page)


def side_by_side(pictures: NDArray[np.uint8], pairs: Sequence[NearCopy], columns: int = 8) -> Image.Image:
    """Return the two photos of each pair beside each other, on a sheet; the least certain first."""
    order = sorted(pairs, key=lambda pair: pair.structure)
    cells = [np.concatenate([pictures[pair.first], pictures[pair.second]], axis=1) for pair in order]
    cells = [np.pad(cell, ((2, 2), (4, 4), (0, 0)), constant_values=128) for cell in cells]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % columns) if cells else [np.zeros((1, 1, 3), np.uint8)]
    rows = [np.concatenate(cells[n : n + columns], axis=1) for n in range(0, len(cells), columns)]
    return Image.fromarray(np.concatenate(rows))


if __name__ == "__main__":
    main()
