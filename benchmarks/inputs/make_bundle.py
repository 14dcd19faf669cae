"""A checkpoint and a bundle of any recipe with random weights: inputs of the speed benchmarks in a bare clone.

    python benchmarks make_bundle --recipe asen_v2_paper --attributes 8 --side 224 --out runs/r50

Speed does not depend on the values of the weights, but rounding depends on the size of the activations. The statistics
of batch normalisation are therefore those of drawn garments. Writes OUT/checkpoint, OUT/bundle, and OUT/photos, drawn
garments that calibrate INT8 and measure lower precisions.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fashionsdk._tools.progress import progress_bar
from fashionsdk.attributes import Attribute
from fashionsdk.photos import Preprocessing
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_export.pipeline import build_bundle
from fashionsdk_training import garments
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.cli import add_input_options, with_input
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.models import AttributeModel, build_model, with_posteriors
from fashionsdk_training.recipes import RECIPES

BATCHES, BATCH = 4, 8  # of garments that batch normalisation sees
CALIBRATION = 256  # photos for lower precisions


def random_checkpoint(config: TrainConfig, attributes: int, side: int | tuple[int, int], seed: int = 0) -> Checkpoint:
    """Return a checkpoint of ``config``'s network with random weights for ``attributes`` attributes."""
    torch.manual_seed(seed)
    named, settings = names(attributes), config.model
    if settings.architecture == "cam":  # its network has a unit for each value
        settings = replace(settings, values=tuple(len(attribute.values) for attribute in named))
    model = build_model(settings, attributes)
    preprocessing = Preprocessing(side, fit=config.fit, padding=config.padding)
    settle(model, preprocessing)
    weights = model.state_dict()
    if config.posteriors:
        proxies = [torch.randn(len(attribute.values), model.dimension) for attribute in named]
        settings, weights = with_posteriors(settings, weights, proxies)
    return Checkpoint(settings, preprocessing, named, weights)


def names(count: int) -> tuple[Attribute, ...]:
    """Return the attributes of the generated garments, and after them others with two values each."""
    more = (
        Attribute(f"attribute_{number}", ("yes", "no")) for number in range(len(garments.ATTRIBUTES) + 1, count + 1)
    )
    return (*garments.ATTRIBUTES[:count], *more)


@torch.no_grad()
def settle(model: AttributeModel, preprocessing: Preprocessing) -> None:
    """Give batch normalisation random scales and the statistics of drawn garments, and no layer weights of zero."""
    for weights in model.state_dict().values():
        if weights.ndim > 1 and not weights.any():  # as training starts with some
            nn.init.normal_(weights, std=0.02)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)  # timm starts the last one of a residual block at zero
        norm.momentum = None  # the mean over all batches
    model.train()
    for images in progress_bar(batches(preprocessing), "batch normalisation", BATCHES, "batch"):
        model(images)
    model.eval()


def batches(preprocessing: Preprocessing) -> Iterator[torch.Tensor]:
    """Yield uint8 images ``(BATCH, H, W, 3)``."""
    side = max(64, preprocessing.height, preprocessing.width)
    for batch in range(BATCHES):
        drawn = [garments.draw(batch * BATCH + index, seed=2, side=side) for index in range(BATCH)]
        yield torch.from_numpy(np.stack([preprocessing(garment.image) for garment in drawn]))


def draw_photos(folder: Path, count: int, side: int) -> list[Path]:
    """Write drawn garments as JPEG files that are not there yet; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:04}.jpg" for index in range(count)]
    for index, path in progress_bar(list(enumerate(paths)), "drawing", None, "photo"):
        if not path.is_file():
            garments.draw(index, seed=3, side=side).image.save(path, quality=90)
    return paths


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="asen_v2_paper")
    parser.add_argument("--attributes", type=int, default=8)
    add_input_options(parser)
    parser.add_argument(
        "--precisions", nargs="+", choices=("fp32", "fp16", "int8"), default=["fp32", "fp16", "int8"], help="the graphs"
    )
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    config = with_input(RECIPES[args.recipe](), args)
    checkpoint = random_checkpoint(config, args.attributes, config.side)
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint.save(args.out / "checkpoint")
    lower = args.precisions != ["fp32"]
    drawn = draw_photos(args.out / "photos", CALIBRATION, max(checkpoint.preprocessing.shape)) if lower else ()
    photos, out = CalibrationPhotos(drawn), args.out / "bundle"
    report = build_bundle(checkpoint, out, precisions=args.precisions, photos=photos, overwrite=True, progress=True)
    print(report.summary())


if __name__ == "__main__":
    main()
