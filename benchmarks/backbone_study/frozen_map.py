"""MAP of linear classifiers on the frozen features of backbones whose weights are in packages."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from fashionsdk_training.config import TrainConfig
from fashionsdk_training.data import TrainingData, load_training_data
from fashionsdk_training.probe import FrozenNetwork, measure_baseline
from fashionsdk_training.recipes import cam_cpu

LITES = {"tf_efficientnet_lite0": 224, "tf_efficientnet_lite1": 240, "tf_efficientnet_lite2": 260}
STORED = 240 / 208  # sides that photos are stored in, over the input's, as in the recipe


@dataclass(frozen=True)
class FrozenMap:
    """MAP of one backbone at one side on one set.

    Attributes:
        data: the set's name.
        backbone: timm's name.
        side: of the input, in pixels.
        map: in percent, the mean over the queries of all attributes.
        attributes: MAP of each attribute, in percent.
        photos: of training and validation together.
        seconds: for features and classifiers.
    """

    data: str
    backbone: str
    side: int
    map: float
    attributes: dict[str, float]
    photos: int
    seconds: float


def settings(backbone: str, side: int) -> TrainConfig:
    """Return the default recipe with another backbone and side."""
    config = cam_cpu()
    return replace(config, model=replace(config.model, backbone=backbone), side=side, stored_side=round(side * STORED))


def measure_maps(labels: Sequence[Path], sides: Sequence[int | None], work: Path) -> Iterator[FrozenMap]:
    """Yield each backbone's MAP on each set at each side; None is the side of the backbone's own training.

    What was measured before is read from ``work``.

    Args:
        labels: label tables; a set is called as its folder.
        sides: of the input, in pixels.
        work: folder for decoded photos, features, classifiers and results.
    """
    torch.set_num_threads(1)
    for side in sides:
        for backbone, own in LITES.items():
            for table in labels:
                yield _measured(table, settings(backbone, side or own), work)


def _measured(table: Path, config: TrainConfig, work: Path) -> FrozenMap:
    name, backbone, side = table.parent.name, config.model.backbone, config.preprocessing.height
    file = work / f"{name}-{backbone}-{side}.json"
    if file.is_file():
        return FrozenMap(**json.loads(file.read_text(encoding="utf-8")))
    data = _load(table, config, work / "photos")
    begin = time.monotonic()
    network = FrozenNetwork.load(config.model, "package", torch.device("cpu"))
    folder = work / f"{name}-{backbone}-{side}"
    power = config.model.question_power
    baseline = measure_baseline(network, data, folder, question_power=power, progress=True)
    figures = baseline.metrics()
    overall = figures.pop("linear_map")
    each = {key.partition("/")[2]: value for key, value in figures.items()}
    count = len(data.photos.pixels) + len(data.retrieval_photos.pixels)
    found = FrozenMap(name, backbone, side, overall, each, count, time.monotonic() - begin)
    file.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return found


def _load(table: Path, config: TrainConfig, cache: Path) -> TrainingData:
    return load_training_data(
        table, config.side, config.stored_side, cache, fit=config.fit, padding=config.padding, progress=True
    )
