"""Runs with boxes: attention learns to lie in them, and without boxes nothing changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fashionsdk.photos import Preprocessing
from fashionsdk_training.config import Objective, Optimisation, Sampling, TrainConfig
from fashionsdk_training.data import Augmentation, TrainingData, load_training_data
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.loop.loader import Loader, build_loader
from fashionsdk_training.loop.step.attention_loss import attention_loss
from fashionsdk_training.loop.trainer import Trainer
from tests.training.conftest import SIDE, SYSTEMS, photos, tiny_config, trained_like
from tests.training.loop.runs import ALONE, assert_same, tensors, train_in_two_parts

ATTENDING = sorted(name for name, config in SYSTEMS.items() if config.attends)
LEARNT = 0.1  # more of the attention lies there, at least; 0.27, 0.61 and 0.17 measured
CORNER = "0.5,0.5,1,1"  # where nothing is to be seen that is not elsewhere too: only the boxes say so


@pytest.fixture(scope="module")
def guided(table, tmp_path_factory) -> TrainingData:
    """The table's photos, with boxes of one attribute in half of those for training."""
    folder = tmp_path_factory.mktemp("guided")
    lines = ["image,attribute,left,top,right,bottom", *(f"{i}.png,colour,{CORNER}" for i in range(0, 40, 2))]
    (folder / "boxes.csv").write_text("\n".join(lines) + "\n")
    return load_training_data(table, SIDE, 36, folder / "photos", boxes=folder / "boxes.csv")


def config_of(system: str, weight: float = 1.0, epochs: int = 2) -> TrainConfig:
    """Return settings of a run without random changes to photos, so that boxes stay where they are."""
    cam = system.startswith("cam")
    other = 0.0 if cam else 1.0  # the weight of losses on embeddings
    config = tiny_config(
        model=SYSTEMS[system],
        epochs=epochs,
        sampling=Sampling("photos" if cam else "groups", batch_size=8, group_size=2),
        objective=Objective(triplet_weight=other, proxy_weight=other, attention_weight=weight),
        augmentation=Augmentation(smallest_crop=1.0, mirror=False, brightness=0.0),
        optimisation=Optimisation(mixed_precision=False, ema_decay=0.5, learning_rate=3e-4 if cam else 1e-2),
    )
    stages = int(system == "asen_pp")
    return replace(config, optimisation=replace(config.optimisation, global_epochs=stages))


def inside(config: TrainConfig, data: TrainingData, out: Path) -> float:
    """Train, and return the share of colour's attention in the corner of the validation photos, which have no boxes."""
    trainer = Trainer(config, data, out, ALONE)
    trainer.fit()
    with torch.inference_mode():
        attention = trainer.criterion.eval().model(torch.from_numpy(np.array(data.retrieval_photos.pixels))).attention
    boxes = torch.tensor([0.5, 0.5, 1, 1]).expand(len(attention), 1, 4)
    return float(torch.exp(-attention_loss(attention[:, :1], boxes)))


@pytest.mark.parametrize("system", ["cam", "cam_queries", "asen_v2"])
def test_attention_learns_to_lie_in_the_boxes(system, guided, tmp_path):
    config = config_of(system, epochs=6)
    without = inside(config, replace(guided, boxes=None), tmp_path / "without")
    assert inside(config, guided, tmp_path / "with") > without + LEARNT


@pytest.mark.parametrize("system", ATTENDING)
def test_every_system_with_attention_takes_boxes(system, guided, tmp_path):
    trainer = Trainer(config_of(system), guided, tmp_path, ALONE)
    checkpoint = trainer.fit()
    assert all(np.isfinite(row["loss"]) for row in checkpoint.history)


@pytest.mark.parametrize("system", [name for name, config in SYSTEMS.items() if not config.attends])
def test_boxes_for_a_system_without_attention_are_refused(system, guided, tmp_path):
    with pytest.raises(ValueError, match=r"boxes for (triplet|csn|asen), which has no spatial attention.*or no boxes"):
        Trainer(config_of(system), guided, tmp_path, ALONE)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_attends_if_its_networks_answers_hold_attention(system):
    model = trained_like(SYSTEMS[system], 2)
    with torch.inference_mode():
        assert (model(photos(1, SIDE)).attention is not None) == SYSTEMS[system].attends


@pytest.mark.parametrize("system", ["cam", "asen_v2"])
def test_boxes_of_weight_zero_change_no_weight(system, guided, tmp_path):
    Trainer(config_of(system, 0.0), guided, tmp_path / "with", ALONE).fit()
    Trainer(config_of(system, 0.0), replace(guided, boxes=None), tmp_path / "without", ALONE).fit()
    assert_same(tensors(tmp_path / "with"), tensors(tmp_path / "without"))


def test_photos_without_a_box_learn_as_if_there_were_no_boxes(guided):
    """One batch: the gradient is that of the other losses, plus that of the photos and attributes with a box."""
    trainer = Trainer(config_of("asen_v2"), guided, Path("nowhere"), ALONE)
    criterion, batch = trainer.criterion.eval(), next(iter(trainer.loader.epoch(0)))
    assert batch.boxes is not None
    nowhere = torch.full_like(batch.boxes, torch.nan)
    given = batch.images, batch.labels, batch.triplets
    plain = criterion(*given)
    torch.testing.assert_close(criterion(*given, nowhere), plain, rtol=0, atol=0)
    attention = criterion.model(batch.images).attention
    expected = plain + attention_loss(attention, batch.boxes)
    torch.testing.assert_close(criterion(*given, batch.boxes), expected)
    assert float((expected - plain).detach()) > 0


def test_a_run_with_boxes_resumes_bit_for_bit_and_not_without_them_nor_with_another_weight(guided, tmp_path):
    Trainer(config_of("asen_v2"), guided, tmp_path / "whole", ALONE).fit()
    train_in_two_parts(config_of("asen_v2"), guided, tmp_path / "parts")
    assert_same(tensors(tmp_path / "whole"), tensors(tmp_path / "parts"))
    with pytest.raises(CheckpointError, match="another run: the labels, the boxes or the photos' names are others"):
        Trainer(config_of("asen_v2"), replace(guided, boxes=None), tmp_path / "whole", ALONE).fit()
    with pytest.raises(CheckpointError, match=r"objective\.attention_weight is missing there and 0\.5 here"):
        Trainer(config_of("asen_v2", 0.5), guided, tmp_path / "whole", ALONE).fit()


def test_the_weight_is_in_the_record_of_a_run(guided, tmp_path):
    checkpoint = Trainer(config_of("asen_v2", 0.5), guided, tmp_path, ALONE).fit()
    assert checkpoint.recipe["objective"]["attention_weight"] == 0.5
    with pytest.raises(ValueError, match="attention_weight must not be negative"):
        Objective(attention_weight=-1.0)


def test_the_boxes_of_a_batch_are_those_of_its_photos_as_they_were_changed(guided):
    changes = Augmentation(smallest_crop=0.7)
    sampler = build_loader(config_of("asen_v2"), guided, ALONE).sampler
    loader = Loader(guided, sampler, Preprocessing(SIDE), changes, seed=3)
    for index, (draw, batch) in enumerate(zip(sampler.epoch(1), loader.epoch(1), strict=True)):
        assert batch.boxes is not None
        for place, photo in enumerate(draw.images.tolist()):
            rng = np.random.default_rng((3, 1, index, place))
            pixels, view = changes.viewed(guided.photos.photo(photo), Preprocessing(SIDE), rng)
            np.testing.assert_array_equal(batch.images[place], pixels)
            np.testing.assert_allclose(batch.boxes[place], view.boxes(guided.boxes[photo]), rtol=1e-6)


def test_a_batch_of_data_without_boxes_has_none(data):
    (batch, *_) = build_loader(config_of("asen_v2"), data, ALONE).epoch(0)
    assert batch.boxes is None
