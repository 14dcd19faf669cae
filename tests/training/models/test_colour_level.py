"""Colours in CAM: cells computed pixel by pixel, and a start that changes nothing."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models import CAMNetwork, build_model
from fashionsdk_training.models.parts import ColourCells
from tests.training.conftest import SYSTEMS, photos, trained_like, with_values

CONFIG = with_values(SYSTEMS["cam"], 3)


def slow_cells(image: np.ndarray, tones: int, stride: int) -> np.ndarray:
    """Return the shares ``(T**3, h, w)`` of a picture ``(H, W, 3)`` of values from 0 to 1."""
    square = max(side for side in range(1, stride + 1) if stride % side == 0 and 4 * side <= max(4, stride))
    height, width = (-(-length // stride) for length in image.shape[:2])
    padded = np.pad(image, ((0, height * stride - len(image)), (0, width * stride - image.shape[1]), (0, 0)), "edge")
    shares = np.zeros((tones**3, height, width))
    samples = (stride // square) ** 2
    for top, left in product(range(0, height * stride, square), range(0, width * stride, square)):
        colour = padded[top : top + square, left : left + square].mean(axis=(0, 1)) * (tones - 1)
        for red, green, blue in product(range(tones), repeat=3):
            near = (
                max(0, 1 - abs(colour[0] - red))
                * max(0, 1 - abs(colour[1] - green))
                * max(0, 1 - abs(colour[2] - blue))
            )
            shares[(red * tones + green) * tones + blue, top // stride, left // stride] += near / samples
    return shares


@pytest.mark.parametrize(
    ("height", "width", "tones", "stride"),
    [(32, 48, 3, 16), (20, 33, 4, 16), (7, 5, 2, 2), (9, 9, 3, 4), (28, 42, 3, 14)],
)
def test_a_cell_has_the_share_of_each_tone(height, width, tones, stride):
    image = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    got = ColourCells(tones, stride)(torch.from_numpy(image).permute(2, 0, 1)[None])[0].numpy()
    np.testing.assert_allclose(got, slow_cells(image, tones, stride), atol=1e-5)
    np.testing.assert_allclose(got.sum(axis=0), 1, atol=1e-5)


@torch.inference_mode()
def test_before_training_colours_change_no_embedding():
    torch.manual_seed(0)
    with_colours = build_model(CONFIG, 3).eval()
    without = build_model(replace(CONFIG, colour_tones=0), 3).eval()
    missing = without.load_state_dict(with_colours.state_dict(), strict=False)
    assert not missing.missing_keys
    for got, expected in zip(with_colours(photos(side=64))[:2], without(photos(side=64))[:2], strict=True):
        torch.testing.assert_close(got, expected, rtol=0, atol=0)


@torch.inference_mode()
def test_another_colour_of_a_place_that_does_not_count_changes_nothing_of_the_colours():
    model = trained_like(CONFIG, 3)
    assert isinstance(model, CAMNetwork)
    assert model.colours is not None
    model.colours.where[0] = 0  # every cell counts alike for the first attribute
    features = torch.zeros(1, model.backbone.fine_channels, 4, 4)
    features[:, :, 0, 0] = 100.0 * model.colours.where[1]  # only the first cell counts for the second attribute
    pixels = torch.rand(1, 3, 64, 64)
    changed = pixels.clone()
    changed[:, :, 32:] = 1 - changed[:, :, 32:]
    before, after = (model.colours(each, features).roots for each in (pixels, changed))
    torch.testing.assert_close(before[:, 1], after[:, 1], rtol=0, atol=1e-4)
    assert (before[:, 0] - after[:, 0]).abs().max() > 1e-3


@torch.inference_mode()
def test_a_picture_whose_sides_are_no_multiple_of_the_stride_has_as_many_cells_as_features():
    model = trained_like(CONFIG, 3)
    encoded = model(torch.randint(0, 256, (1, 40, 72, 3), dtype=torch.uint8))
    assert encoded.attention.shape == (1, 3, 3, 5)


def test_tones_belong_to_cam_and_have_bounds():
    with pytest.raises(ValueError, match="colour_tones is 4 for asen_v2; expected 0, or 2 to 8 for cam"):
        ModelConfig(colour_tones=4)
    with pytest.raises(ValueError, match="colour_tones is 9 for cam"):
        ModelConfig("cam", colour_tones=9)
