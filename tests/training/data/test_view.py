"""Boxes follow a photo through crop, mirror and padding."""

import numpy as np
import pytest

from fashionsdk.photos import Fit, Preprocessing
from fashionsdk_training.data import Augmentation, View

LEVELS = 4  # of colour a pixel
EDGE = 0.4  # of a photo's pixel: colours are rounded to a quarter of half of one, and the resize mixes neighbours


def coordinates(width: int, height: int) -> np.ndarray:
    """Return a photo whose red and green say where a pixel lies; blue is 200, and 0 or 255 in the padding."""
    x, y = np.meshgrid(LEVELS * np.arange(width), LEVELS * np.arange(height))
    return np.stack([x, y, np.full_like(x, 200)], axis=-1).astype(np.uint8)


def shown_in(pixels: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return which pixels show something of a box, by their colours, and for which that is not sure."""
    places = pixels[..., :2] / LEVELS + 0.5  # (H, W, 2), in the photo's pixels
    inside = (box[:2] < places) & (places < box[2:])
    near = np.abs(places[..., None, :] - box.reshape(2, 2)).min(axis=-2) < EDGE
    return inside.all(axis=-1) & (pixels[..., 2] > 100), near.any(axis=-1)


def mixed_with_padding(pixels: np.ndarray) -> np.ndarray:
    """Return which pixels show the photo and, where it was padded before it was resized, some padding."""
    blue = pixels[..., 2].astype(int)
    return (np.abs(blue - 200) > 1) & (blue != 0) & (blue != 255)


@pytest.mark.parametrize("fit", ["pad", "crop"])
@pytest.mark.parametrize("size", [(60, 40), (40, 60), (48, 48), (63, 21)])
@pytest.mark.parametrize("largest_crop", [1.0, 1.6])
def test_a_box_holds_the_pixels_that_show_what_the_photo_has_in_it(
    fit: Fit, size: tuple[int, int], largest_crop: float
):
    augmentation = Augmentation(smallest_crop=0.6, brightness=0.0, largest_crop=largest_crop)
    preprocessing = Preprocessing((64, 96), fit=fit, padding=(0, 0, 0) if fit == "pad" else None)
    columns, rows = (np.arange(96) + 0.5) / 96, (np.arange(64) + 0.5) / 64
    mirrored, compared = set(), 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        box = np.concatenate([rng.uniform(0, 0.5, 2), rng.uniform(0.6, 1, 2)]) * np.tile(size, 2)
        pixels, view = augmentation.viewed(coordinates(*size), preprocessing, rng)
        expected, unsure = shown_in(pixels, box)
        if largest_crop > 1:
            unsure |= mixed_with_padding(pixels)
        left, top, right, bottom = view.boxes(box)
        got = ((left < columns) & (columns < right)) & ((top < rows) & (rows < bottom))[:, None]
        if not np.isnan(left):
            assert np.array_equal(got[~unsure], expected[~unsure])
            mirrored.add(view.mirrored)
            compared += int(expected[~unsure].sum())
    assert mirrored == {False, True}
    assert compared > 1000


def test_the_edges_are_exact():
    """A part of 30 x 20 pixels, from 10, 5 on, in an input of 60 x 60: twice as large, 10 pixels of padding above."""
    placement = Preprocessing(60, fit="pad").placement((30, 20)).cut_from((10, 5, 40, 25))
    box = np.array([13.0, 5.0, 25.5, 15.0])
    expected = np.array([2 * 3, 10, 2 * 15.5, 10 + 2 * 10]) / 60
    np.testing.assert_allclose(View(placement).boxes(box), expected, rtol=1e-12)
    across = np.array([60 - 2 * 15.5, 10, 60 - 2 * 3, 30]) / 60
    np.testing.assert_allclose(View(placement, mirrored=True).boxes(box), across, rtol=1e-12)


def test_what_is_cut_off_is_no_part_of_a_box_even_where_padding_takes_its_place():
    placement = Preprocessing(60, fit="pad").placement((30, 20)).cut_from((10, 5, 40, 25))
    got = View(placement).boxes(np.array([10.0, 0.0, 40.0, 25.0]))
    np.testing.assert_allclose(got, np.array([0, 10, 60, 50]) / 60)


@pytest.mark.parametrize(("left", "known"), [(0.0, False), (4.9, False), (5.0, True), (9.0, True), (40.0, False)])
def test_a_box_of_which_less_than_half_is_shown_is_unknown(left: float, known: bool):
    placement = Preprocessing(60).placement((30, 30)).cut_from((10, 0, 40, 30))
    boxes = View(placement).boxes(np.array([[left, 3, left + 10, 9], [12, 3, 20, 9]]))
    assert np.isfinite(boxes[0]).all() == known
    assert np.isfinite(boxes[1]).all()


def test_unknown_boxes_stay_unknown():
    view = View(Preprocessing(60).placement((30, 30)), mirrored=True)
    assert np.isnan(view.boxes(np.full((3, 4), np.nan))).all()


@pytest.mark.parametrize(("right", "known"), [(0, True), (40, True), (41, False), (60, False)])
def test_a_box_of_which_more_than_half_is_erased_is_unknown(right: int, known: bool):
    """The box is 20 to 60 of the input, across and down; the rectangle hides 20 to ``right`` of it."""
    view = View(Preprocessing(60).placement((30, 30)), erased=(10, 0, right, 60))
    got = view.boxes(np.array([10.0, 10, 30, 30]))
    assert np.isfinite(got).all() == known
    if known:
        np.testing.assert_allclose(got, np.array([20, 20, 60, 60]) / 60)


def test_an_augmentation_says_what_it_erased():
    grey = np.full((40, 60, 3), 120, np.uint8)
    preprocessing = Preprocessing((40, 60), fit="pad", padding=(1, 2, 3))
    for seed in range(20):
        augmentation = Augmentation(smallest_crop=1.0, brightness=0.0, erased=1.0)
        pixels, view = augmentation.viewed(grey, preprocessing, np.random.default_rng(seed))
        left, top, right, bottom = view.erased
        assert (pixels[top:bottom, left:right] == (1, 2, 3)).all()
        assert (pixels == 120).all(axis=-1).sum() == 40 * 60 - (right - left) * (bottom - top)
