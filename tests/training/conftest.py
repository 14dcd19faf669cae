"""Small photos and small networks for every training test."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fashionsdk_training.config import LocalBranch, ModelConfig, Objective, Optimisation, Sampling, TrainConfig
from fashionsdk_training.config.paper_systems import systems
from fashionsdk_training.data.training_data import load_training_data
from fashionsdk_training.models import AttributeModel, CAMNetwork, build_model

SIDE = 32
TINY = ModelConfig(backbone="test_resnet", stage=3, common_dimension=16)
SMALL = ModelConfig(
    backbone="test_resnet",
    stage=2,
    common_dimension=16,
    attribute_dimension=24,
    hidden_dimension=12,
    embedding_dimension=20,
)
PAPER_SYSTEMS = systems(SMALL, LocalBranch("test_resnet", 2, 8, 6, side=16, global_side=24))
_CAM = replace(SMALL, architecture="cam", stage=3, posterior_scale=3.0, colour_tones=3, colour_space="lab")
SYSTEMS = {**PAPER_SYSTEMS, "cam": _CAM, "cam_queries": replace(_CAM, position_queries=True)}


def with_values(config: ModelConfig, attributes: int) -> ModelConfig:
    """Return the settings of a network of ``attributes`` attributes: those of CAM say how many values each has."""
    if config.architecture != "cam":
        return config
    return replace(config, values=tuple(2 + a % 3 for a in range(attributes - config.added)))


def trained_like(config: ModelConfig, attributes: int, seed: int = 0) -> AttributeModel:
    """Return a network in eval mode whose batch-norm statistics are not the initial ones."""
    torch.manual_seed(seed)
    model = build_model(with_values(config, attributes), attributes)
    if isinstance(base := getattr(model, "base", model), CAMNetwork):
        give_classifiers(base)
    with torch.no_grad():
        for _ in range(3):
            model(torch.randint(0, 256, (8, SIDE, SIDE, 3), dtype=torch.uint8))
    return model.eval()


def give_classifiers(model: CAMNetwork) -> None:
    """Give a CAM network random classifiers; a new one has none."""
    shape = model.looks.shape
    rows, bias = torch.randn(model.rows.shape), torch.randn(model.bias.shape)
    deviation = torch.rand(shape[2]) + 0.5
    model.start(torch.rand(shape[2]), deviation, rows / shape[2] ** 0.5, bias, torch.randn(shape))
    if model.where is not None:
        nn.init.normal_(model.where, std=2.0)
    if model.colours is not None:
        nn.init.normal_(model.colours.where, std=0.1)
        nn.init.normal_(model.colours.rows, std=0.1)


def photos(count: int = 2, side: int = 48, seed: int = 0) -> torch.Tensor:
    """Return random images ``(count, side, side, 3)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def tiny_config(**changes) -> TrainConfig:
    """Return settings under which a run takes a second."""
    settings = {
        "model": TINY,
        "pretrained": None,
        "side": SIDE,
        "stored_side": 36,
        "epochs": 3,
        "sampling": Sampling(batch_size=8, group_size=2),
        "objective": Objective(),
        "optimisation": Optimisation(mixed_precision=False, ema_decay=0.5, learning_rate=3e-3, backbone_rate=1.0),
    }
    return TrainConfig(**(settings | changes))


def draw(colour: str, stripes: str, rng: np.random.Generator) -> Image.Image:
    pixels = rng.integers(0, 60, (40, 48, 3), dtype=np.uint8)
    pixels[..., {"red": 0, "green": 1}[colour]] += 150
    if stripes == "horizontal":
        pixels[::6] = pixels[1::6] = 0
    elif stripes == "vertical":
        pixels[:, ::6] = pixels[:, 1::6] = 0
    return Image.fromarray(pixels)


@pytest.fixture(scope="session")
def table(tmp_path_factory) -> Path:
    """A table of 40 training and 20 validation photos with two attributes that a tiny network can learn."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(0)
    lines = ["image,split,colour,stripes"]
    for i in range(60):
        colour = ("red", "green")[i % 2]
        stripes = ("horizontal", "vertical", "")[i // 2 % 3]
        draw(colour, stripes, rng).save(folder / f"{i}.png")
        lines.append(f"{i}.png,{'train' if i < 40 else 'valid'},{colour},{stripes}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return folder / "labels.csv"


@pytest.fixture(scope="session")
def data(table, tmp_path_factory):
    """The table's photos and labels, loaded."""
    return load_training_data(table, SIDE, 36, tmp_path_factory.mktemp("photos"))
