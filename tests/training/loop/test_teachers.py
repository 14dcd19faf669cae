"""Teachers: what they say to a batch, and what a network learns of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from fashionsdk.attributes import Attribute
from fashionsdk.photos import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.config import Objective, Sampling, TrainConfig
from fashionsdk_training.errors import CheckpointError
from fashionsdk_training.loop.loader import build_loader
from fashionsdk_training.loop.teachers import Teachers
from fashionsdk_training.loop.trainer import Trainer
from fashionsdk_training.models import CAMNetwork, build_model
from tests.training.conftest import SIDE, SYSTEMS, give_classifiers, photos, tiny_config, trained_like, with_values
from tests.training.loop.runs import ALONE, assert_same, tensors

SQUARE, CPU = Preprocessing(SIDE), torch.device("cpu")
COLOUR = Attribute("colour", ("green", "red"))  # numbers of values as `with_values` gives them
SLEEVE, KIND = Attribute("sleeve", ("long", "none", "short")), Attribute("kind", ("bag", "coat", "shoe", "top"))
KNOWN = (COLOUR, SLEEVE, KIND)


def saved(folder: Path, attributes=KNOWN, *, system="cam_queries", preprocessing=SQUARE, seed=0) -> Path:
    """Save a network as if it were trained, and return its folder."""
    settings = SYSTEMS[system]
    weights = trained_like(settings, len(attributes), seed).state_dict()
    Checkpoint(with_values(settings, len(attributes)), preprocessing, tuple(attributes), weights).save(folder)
    return folder


def said(folder: Path, images: np.ndarray) -> torch.Tensor:
    """Return a saved network's probabilities, photo by photo and attribute by attribute."""
    network = Checkpoint.load(folder).build()
    with torch.no_grad():
        logits = network(torch.from_numpy(images)).logits
    assert logits is not None
    return torch.stack([torch.stack([torch.softmax(row, dim=0) for row in photo]) for photo in logits])


def test_a_teacher_of_the_same_input_says_what_it_says_by_itself(tmp_path):
    folder, images = saved(tmp_path / "teacher"), photos(5, SIDE)
    got = Teachers.load([folder], KNOWN, SQUARE, CPU).probabilities(images)
    assert got.shape == (5, 3, 4)
    torch.testing.assert_close(got, said(folder, images.numpy()), rtol=0, atol=1e-6)


def test_a_larger_teacher_sees_the_photo_enlarged(tmp_path):
    folder = saved(tmp_path / "teacher", preprocessing=Preprocessing(2 * SIDE))
    smooth = Image.fromarray(photos(1, 6)[0].numpy()).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    large = np.asarray(smooth.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC))
    got = Teachers.load([folder], KNOWN, SQUARE, CPU).probabilities(torch.from_numpy(np.asarray(smooth)[None].copy()))
    torch.testing.assert_close(got, said(folder, large[None].copy()), rtol=0, atol=0.02)  # Pillow rounds to bytes


def test_attributes_are_found_by_name_and_the_mean_of_several_teachers_counts(tmp_path):
    first, second = saved(tmp_path / "first"), saved(tmp_path / "second", seed=1)
    images = photos(4, SIDE)
    got = Teachers.load([first, second], (SLEEVE, COLOUR), SQUARE, CPU).probabilities(images)
    mean = (said(first, images.numpy()) + said(second, images.numpy())) / 2
    assert got.shape == (4, 2, 3)
    torch.testing.assert_close(got, mean[:, [1, 0], :3], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("taught", "preprocessing", "system", "message"),
    [
        ((Attribute("fit", ("slim", "wide")),), SQUARE, "cam", "no teacher of fit; it knows colour, sleeve, kind"),
        ((replace(COLOUR, values=("blue", "red")),), SQUARE, "cam", "colour has other values .*: blue is not in both"),
        ((replace(COLOUR, values=("red", "green")),), SQUARE, "cam", "they stand in another order"),
        (KNOWN, Preprocessing(SIDE, fit="pad"), "cam", "expected the same fit, padding and proportions, in any size"),
        (KNOWN, Preprocessing((SIDE, 24)), "cam", "expected the same fit, padding and proportions, in any size"),
        (KNOWN, SQUARE, "asen_v2", "a network of asen_v2 as teacher; expected one of cam"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused(taught, preprocessing, system, message, tmp_path):
    folder = saved(tmp_path / "teacher", system=system)
    with pytest.raises(ValueError, match=message):
        Teachers.load([folder], taught, preprocessing, CPU)


def test_a_missing_teacher_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="nowhere"):
        Teachers.load([tmp_path / "nowhere"], KNOWN, SQUARE, CPU)


@pytest.fixture(scope="module")
def config() -> TrainConfig:
    """Settings of a CAM run."""
    return tiny_config(
        model=SYSTEMS["cam"],
        epochs=1,
        sampling=Sampling("photos", batch_size=8),
        objective=Objective(triplet_weight=0.0, proxy_weight=0.0),
    )


@pytest.fixture(scope="module")
def teachers(data, tmp_path_factory) -> Teachers:
    """A network of random weights that teaches the attributes of the table."""
    attributes = data.labels.attributes
    settings = replace(SYSTEMS["cam"], values=tuple(len(each.values) for each in attributes))
    folder = tmp_path_factory.mktemp("teacher") / "best"
    torch.manual_seed(3)
    network = build_model(settings, len(attributes))
    assert isinstance(network, CAMNetwork)
    give_classifiers(network)
    weights = network.state_dict()
    Checkpoint(settings, SQUARE, attributes, weights).save(folder)
    return Teachers.load([folder], attributes, SQUARE, CPU)


def test_a_batch_brings_the_answers_to_the_photos_as_it_shows_them(config, data, teachers):
    batch = next(build_loader(config, data, ALONE, teachers).epoch(0))
    assert batch.answers is not None
    torch.testing.assert_close(batch.answers, teachers.probabilities(batch.images), rtol=0, atol=0)
    assert batch.answers.sum(dim=-1).tolist() == [[pytest.approx(1)] * 2] * 8


def test_teachers_for_a_network_without_classifiers_are_refused(data, teachers):
    with pytest.raises(ValueError, match="teachers for asen_v2, which does not learn the probabilities of values"):
        build_loader(tiny_config(), data, ALONE, teachers)


def test_a_network_comes_closer_to_what_its_teacher_says(config, data, teachers, tmp_path):
    images = torch.from_numpy(np.array(data.retrieval_photos.pixels))
    right = teachers.probabilities(images)
    taught = replace(config, epochs=8, evaluate_every=8, objective=replace(config.objective, teacher_weight=1.0))

    def apart(chosen, own, folder):
        Trainer(chosen, data, tmp_path / folder, ALONE, teachers=own).fit()
        return float((said(tmp_path / folder / "best", images.numpy()) - right).abs().mean())

    assert apart(taught, teachers, "taught") < 0.75 * apart(taught, None, "alone")


def test_with_a_weight_of_zero_a_teacher_changes_nothing(config, data, teachers, tmp_path):
    untaught = replace(config, objective=replace(config.objective, teacher_weight=0.0))
    Trainer(untaught, data, tmp_path / "with", ALONE, teachers=teachers).fit()
    Trainer(untaught, data, tmp_path / "without", ALONE).fit()
    assert_same(tensors(tmp_path / "with"), tensors(tmp_path / "without"))


def test_a_run_continues_with_its_own_teachers_only(config, data, teachers, tmp_path):
    Trainer(config, data, tmp_path, ALONE, teachers=teachers).fit()
    Trainer(replace(config, epochs=2), data, tmp_path, ALONE, teachers=teachers).fit()
    for other in (None, replace(teachers, digests=("another",))):
        with pytest.raises(CheckpointError, match="another run: the teachers are others"):
            Trainer(config, data, tmp_path, ALONE, teachers=other).fit()
