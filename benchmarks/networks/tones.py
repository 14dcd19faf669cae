"""Which tones tell colours apart? Frozen features and CAM's colours, by colour space and number of tones, on folds.

    python benchmarks tones --data shop/labels.csv --attribute colour --tones none rgb:4 rgb:6 lab:5 --folds 0 1

``lab:5`` are 5 x 5 x 5 tones of CIELAB, ``none`` features alone. The network is the default recipe's with ImageNet
weights and does not learn; a linear classifier on its features and on the pooled colours does, and so does the query
that says which cells count. Only training rows are used: a fold is every fifth block of 25 of them, held out, and each
of its photos asks once. A photo asks with the fourth power of its probabilities, as in the recipe.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.evaluation import average_precision
from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import TrainingData, load_training_data
from fashionsdk_training.models.parts import ColourLevel, Levels, LevelsBackbone, load_pretrained
from fashionsdk_training.probe.logistic_regression import standardisation
from fashionsdk_training.recipes import cam_cpu
from harness.tables import json_lines, table
from harness.this_machine import machine
from studies.settings import BLOCK, FOLDS

NONE = "none"  # features alone
EPOCHS, BATCH, SMOOTHING = 12, 128, 0.1
FEATURE_RATE, COLOUR_RATE = 1e-3, 1e-2
FEATURE_DECAY, COLOUR_DECAY = 0.3, 0.05


@dataclass(frozen=True, eq=False)
class Photos:
    """What a classifier sees of N labelled photos.

    Attributes:
        pixels: uint8 ``(N, H, W, 3)``.
        pooled: float32 ``(N, C)``, standardised.
        fine: float16 ``(N, F, h, w)``, the finer map, standardised.
        values: ``(N,)``.
        stride: of the finer map.
    """

    pixels: Tensor
    pooled: Tensor
    fine: Tensor
    values: Tensor
    stride: int


class Classifier(nn.Module):
    """A linear classifier on pooled features and, if there are tones, on the colours that a query pools."""

    def __init__(self, photos: Photos, tones: str, dropout: float) -> None:
        super().__init__()
        values = int(photos.values.max()) + 1
        self.drop, self.rows = nn.Dropout(dropout), nn.Linear(photos.pooled.shape[1], values)
        nn.init.zeros_(self.rows.weight)
        nn.init.zeros_(self.rows.bias)
        self.colours: ColourLevel | None = None
        if tones != NONE:
            space, _, number = tones.partition(":")
            self.colours = ColourLevel(int(number), photos.stride, photos.fine.shape[1], 1, values, space)

    def forward(self, photos: Photos, chosen: Tensor) -> Tensor:
        """Return the logits ``(B, V)`` of the chosen photos."""
        logits: Tensor = self.rows(self.drop(photos.pooled[chosen]))
        if self.colours is None:
            return logits
        pixels = photos.pixels[chosen].permute(0, 3, 1, 2).float() / 255
        roots = self.colours(self.colours.cells.samples(pixels), photos.fine[chosen].float())
        return logits + self.colours.logits(roots)[:, 0]


def load_photos(data: TrainingData, config: TrainConfig) -> Photos:
    """Return the training photos, labelled for one attribute, with the frozen network's features."""
    backbone = LevelsBackbone(config.model.backbone, config.model.stage).eval()
    load_pretrained(backbone, "package")
    (labelled,) = np.nonzero(data.values[:, 0] >= 0)
    inputs, pooled, fine = [], [], []
    for batch in progress_bar(list(slices(len(labelled), 32)), "features of photos", None, "batch"):
        sized = np.stack([config.preprocessing(Image.fromarray(data.photos.photo(i))) for i in labelled[batch]])
        levels = _levels(backbone, sized, config)
        inputs.append(torch.from_numpy(sized))
        pooled.append(levels.pooled())
        fine.append(levels.fine.half())
    maps = torch.cat(fine)
    sample = maps[::4].float()
    average, deviation = (each[:, None, None].half() for each in (sample.mean((0, 2, 3)), sample.std((0, 2, 3)) + 1e-6))
    values = torch.from_numpy(data.values[labelled, 0].astype(np.int64))
    features = torch.cat(pooled)
    mean, spread = standardisation(features)
    return Photos(torch.cat(inputs), (features - mean) / spread, (maps - average) / deviation, values, backbone.stride)


@torch.inference_mode()
def _levels(backbone: LevelsBackbone, sized: NDArray[np.uint8], config: TrainConfig) -> Levels:
    mean, std = (torch.tensor(each).view(3, 1, 1) for each in (config.model.mean, config.model.std))
    pixels = torch.from_numpy(sized).permute(0, 3, 1, 2).float() / 255
    levels: Levels = backbone((pixels - mean) / std)
    return levels


def fit(photos: Photos, learnt: Tensor, tones: str, config: TrainConfig, seed: int) -> Classifier:
    """Return a classifier of the ``learnt`` photos."""
    torch.manual_seed(seed)
    model = Classifier(photos, tones, config.model.feature_dropout)
    groups = [{"params": list(model.rows.parameters()), "lr": FEATURE_RATE, "weight_decay": FEATURE_DECAY}]
    if model.colours is not None:
        groups.append({"params": list(model.colours.parameters()), "lr": COLOUR_RATE, "weight_decay": COLOUR_DECAY})
    optimizer = torch.optim.AdamW(groups)
    batches = max(1, len(learnt) // BATCH)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * batches)
    for _ in range(EPOCHS):
        order = learnt[torch.randperm(len(learnt))]
        for step in range(batches):
            chosen = order[step * BATCH : (step + 1) * BATCH]
            logits = model(photos, chosen)
            loss: Any = nn.functional.cross_entropy(logits, photos.values[chosen], label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model.eval()


@torch.inference_mode()
def measured(photos: Photos, asked: Tensor, model: Classifier, config: TrainConfig) -> float:
    """Return MAP in percent of the ``asked`` photos among each other."""
    logits = torch.cat([model(photos, asked[batch]) for batch in slices(len(asked), BATCH)])
    items = (config.model.posterior_scale * logits).softmax(dim=1)
    questions = items**config.model.question_power
    questions = questions / questions.sum(dim=1, keepdim=True)
    scores = (questions.sqrt() @ items.sqrt().T).fill_diagonal_(-1)
    order = scores.argsort(dim=1, descending=True, stable=True)[:, :-1]  # the photo itself is last
    values = photos.values[asked]
    hits = (values[order] == values[:, None]).numpy()
    return float(100 * average_precision(hits)[hits.any(axis=1)].mean())


def trials(photos: Photos, config: TrainConfig, args: argparse.Namespace) -> Iterator[dict[str, str | int | float]]:
    """Yield a record for each kind of tones, fold and seed."""
    block = torch.arange(len(photos.values)) // BLOCK % FOLDS
    kinds = [(tones, fold, seed) for tones in args.tones for fold in args.folds for seed in args.seeds]
    for tones, fold, seed in progress_bar(kinds, "fits", None, "fit"):
        learnt, asked = ((block != fold).nonzero().flatten(), (block == fold).nonzero().flatten())
        model = fit(photos, learnt, tones, config, seed)
        yield {"tones": tones, "fold": fold, "seed": seed, "map": measured(photos, asked, model, config)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path, help="label table with the columns image and split")
    parser.add_argument("--attribute", default="colour", help="the column that names colours (default: %(default)s)")
    parser.add_argument("--tones", nargs="+", default=[NONE, "rgb:4", "lab:5"], help="SPACE:NUMBER, or none")
    parser.add_argument("--folds", nargs="+", type=int, default=[0, 1], choices=range(FOLDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--cache", type=Path, default=Path("runs/tones"), help="folder of the decoded photos")
    args = parser.parse_args()
    config = cam_cpu()
    data = load_training_data(
        args.data,
        config.side,
        config.stored_side,
        args.cache,
        attributes=[args.attribute],
        fit=config.fit,
        padding=config.padding,
        progress=True,
    )
    records = list(trials(load_photos(data, config), config, args))
    rows = [
        [tones, *(f"{each['map']:.1f}" for each in records if each["tones"] == tones)]
        for tones in dict.fromkeys(args.tones)
    ]
    names = [f"fold {fold}, seed {seed}" for fold in args.folds for seed in args.seeds]
    print(f"{machine()}\n\n{table(['tones', *names], rows)}\n\n{json_lines(records)}")


if __name__ == "__main__":
    main()
