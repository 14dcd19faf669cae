"""Colours in CAM: cells computed pixel by pixel, and a start that changes nothing."""

import math
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models import CAMNetwork, build_model
from fashionsdk_training.models.parts import ColourCells, ColourLevel
from fashionsdk_training.models.parts.colour_spaces import COLOUR_SPACES, lab
from tests.training.conftest import SYSTEMS, photos, trained_like, with_values

CONFIG = with_values(SYSTEMS["cam"], 3)


def slow_lab(colour: np.ndarray) -> list[float]:
    """Return L*, a* and b* of one sRGB colour, numbers from 0 to 1, as CIE 15 and IEC 61966-2-1 define them."""
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in colour]
    matrix = [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
    white = (0.95047, 1.0, 1.08883)
    light = [sum(np.multiply(row, linear)) / full for row, full in zip(matrix, white, strict=True)]
    x, y, z = (each ** (1 / 3) if each > 216 / 24389 else (24389 / 27 * each + 16) / 116 for each in light)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


def slow_place(colour: np.ndarray, space: str) -> list[float]:
    """Return where a colour lies in its space's cube."""
    if space == "rgb":
        return list(colour)
    lightness, a, b = slow_lab(colour)
    return [lightness / 100, 0.5 + 0.5 * math.tanh(a / 15), 0.5 + 0.5 * math.tanh(b / 15)]


def slow_cells(image: np.ndarray, tones: int, stride: int, space: str) -> np.ndarray:
    """Return the shares ``(T**3, h, w)`` of a picture ``(H, W, 3)`` of values from 0 to 1."""
    least = {"rgb": 4, "lab": 2}[space]
    square = max(side for side in range(1, stride + 1) if stride % side == 0 and least * side <= max(least, stride))
    height, width = (-(-length // stride) for length in image.shape[:2])
    padded = np.pad(image, ((0, height * stride - len(image)), (0, width * stride - image.shape[1]), (0, 0)), "edge")
    shares = np.zeros((tones**3, height, width))
    samples = (stride // square) ** 2
    for top, left in product(range(0, height * stride, square), range(0, width * stride, square)):
        mean = padded[top : top + square, left : left + square].mean(axis=(0, 1))
        place = np.multiply(slow_place(mean, space), tones - 1)
        for tone, corner in enumerate(product(range(tones), repeat=3)):
            near = math.prod(max(0, 1 - abs(own - other)) for own, other in zip(place, corner, strict=True))
            shares[tone, top // stride, left // stride] += near / samples
    return shares


@pytest.mark.parametrize("space", ["rgb", "lab"])
@pytest.mark.parametrize(
    ("height", "width", "tones", "stride"),
    [(32, 48, 3, 16), (20, 33, 4, 16), (7, 5, 2, 2), (9, 9, 3, 4), (28, 42, 3, 14)],
)
def test_a_cell_has_the_share_of_each_tone(height, width, tones, stride, space):
    image = np.random.default_rng(0).random((height, width, 3), dtype=np.float32)
    image[0, 0] = 0.01  # where the curves are straight
    cells = ColourCells(tones, stride, space)
    got = cells(cells.samples(torch.from_numpy(image).permute(2, 0, 1)[None]))[0].numpy()
    np.testing.assert_allclose(got, slow_cells(image, tones, stride, space), atol=1e-5)
    np.testing.assert_allclose(got.sum(axis=0), 1, atol=1e-5)


def test_primary_colours_have_the_published_lab():
    red, green, blue = (53.24, 80.09, 67.20), (87.73, -86.18, 83.18), (32.30, 79.19, -107.86)
    published = {(1, 0, 0): red, (0, 1, 0): green, (0, 0, 1): blue}
    for colour, expected in published.items():
        got = lab(torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1)).flatten()
        np.testing.assert_allclose(got, expected, atol=0.01)


@pytest.mark.parametrize("space", sorted(COLOUR_SPACES))
def test_every_colour_lies_in_the_cube(space):
    corners = torch.tensor(list(product((0.0, 0.04, 0.5, 1.0), repeat=3))).T.reshape(1, 3, 8, 8)
    placed = COLOUR_SPACES[space](corners)
    assert placed.min() >= 0
    assert placed.max() <= 1 + 1e-5
    assert len({tuple(place.tolist()) for place in placed.flatten(2)[0].T}) == 64  # no two colours in one place


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
def test_colours_add_to_a_logit_what_their_pooled_shares_say_cell_by_cell():
    model = trained_like(CONFIG, 3)
    assert isinstance(model, CAMNetwork)
    assert model.colours is not None
    image = photos(side=64)[:1]
    fine = model.features(model.normalise(image)).fine[0].double()
    average, deviation = (model.by_level(each)[1][:, None, None] for each in (model.average, model.deviation))
    standardised = (fine - average) / deviation
    cells = slow_cells(image[0].numpy() / 255, CONFIG.colour_tones, model.backbone.stride, CONFIG.colour_space)
    with_colours = model(image).logits
    model.colours.rows, learnt = torch.nn.Parameter(torch.zeros_like(model.colours.rows)), model.colours.rows
    added = (with_colours - model(image).logits)[0]
    for a, count in enumerate(CONFIG.values):
        scores = np.einsum("c,chw->hw", model.colours.where[a].double(), standardised)
        weights = np.exp(scores) / np.exp(scores).sum()
        roots = np.sqrt((cells * weights).sum(axis=(1, 2)) + 1e-4)
        for value in range(count):
            expected = 8 * float(learnt[a, value].double().numpy() @ roots)
            assert float(added[a, value]) == pytest.approx(expected, abs=1e-4)


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
    before, after = (model.colours(model.colours.cells.samples(each), features) for each in (pixels, changed))
    torch.testing.assert_close(before[:, 1], after[:, 1], rtol=0, atol=1e-4)
    assert (before[:, 0] - after[:, 0]).abs().max() > 1e-3


@torch.inference_mode()
def test_a_picture_whose_sides_are_no_multiple_of_the_stride_has_as_many_cells_as_features():
    model = trained_like(CONFIG, 3)
    encoded = model(torch.randint(0, 256, (1, 40, 72, 3), dtype=torch.uint8))
    assert encoded.attention.shape == (1, 3, 3, 5)


def test_training_leaves_out_a_share_of_the_tones_and_keeps_their_mean():
    torch.manual_seed(0)
    level = ColourLevel(4, 16, 3, 1, 2, dropout=0.25)
    samples, features = torch.rand(200, 3, 16, 16), torch.zeros(200, 3, 4, 4)
    trained, used = level.train()(samples, features), level.eval()(samples, features)
    left_out = trained == 0
    assert float(left_out.float().mean()) == pytest.approx(0.25, abs=0.01)
    torch.testing.assert_close(trained[~left_out], (used / 0.75)[~left_out])


def test_tones_belong_to_cam_and_have_bounds():
    with pytest.raises(ValueError, match="colour_tones is 4 for asen_v2; expected 0, or 2 to 8 for cam"):
        ModelConfig(colour_tones=4)
    with pytest.raises(ValueError, match="colour_tones is 9 for cam"):
        ModelConfig("cam", colour_tones=9)
    with pytest.raises(ValueError, match="colour_space"):
        ModelConfig("cam", colour_space="hsv")  # type: ignore[arg-type]
