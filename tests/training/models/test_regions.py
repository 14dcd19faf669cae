"""ASEN++'s regions against loops over pixels, and its crops against Pillow's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fashionsdk_training.models.parts.regions import attended_region, crop, resampling, scale_region
from fashionsdk_training.originals.two_step import region_box

PICTURE = np.random.default_rng(0).integers(0, 256, (3, 60, 60), dtype=np.uint8)
PIXELS = torch.from_numpy(PICTURE).float()
FLOAT_ATOL = 1e-2  # of 0 to 255: Pillow's weights are float64, ours float32; 2e-3 measured
BYTE_ATOL = 1.01  # Pillow rounds after each of its two passes: half a level, and half a level resampled

numbers = st.floats(0, 1, width=32)
maps = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).random((4, 5), np.float32) ** 3)
thresholds = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9])


@st.composite
def boxes(draw):
    size = draw(st.integers(1, 60))
    return draw(st.integers(0, 60 - size)), draw(st.integers(0, 60 - size)), size, draw(st.integers(1, 80))


def pillow(values, box, side, mode):
    left, top, size = box
    image = Image.fromarray(values if mode == "L" else values.astype(np.float32), mode=None)
    return np.asarray(
        image.crop((left, top, left + size, top + size)).resize((side, side), Image.Resampling.BILINEAR)
    ).astype(np.float64)


@settings(max_examples=60)
@given(boxes())
def test_a_crop_is_pillows_crop_and_resize(box):
    *region, side = box
    got = crop(PIXELS, torch.tensor(region, dtype=torch.float32), side)
    assert got.shape == (3, side, side)
    for channel, values in zip(got.numpy(), PICTURE, strict=True):
        np.testing.assert_allclose(channel, pillow(values, region, side, "F"), rtol=0, atol=FLOAT_ATOL)
        np.testing.assert_allclose(channel, pillow(values, region, side, "L"), rtol=0, atol=BYTE_ATOL)


@given(st.lists(boxes(), min_size=1, max_size=4))
def test_crops_at_once_are_the_crops_one_by_one(boxes):
    regions = torch.tensor([box[:3] for box in boxes], dtype=torch.float32)
    together = crop(PIXELS, regions, 16)
    for region, one in zip(regions, together, strict=True):
        torch.testing.assert_close(one, crop(PIXELS, region, 16), rtol=0, atol=FLOAT_ATOL)


@given(st.integers(0, 59), st.integers(0, 60), st.integers(1, 80))
def test_resampling_takes_a_mean_inside_the_span(start, size, side):
    matrix = resampling(torch.tensor(float(start)), torch.tensor(float(size)), 60, side)
    assert matrix.shape == (side, 60)
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(side))  # also where the span reaches over the end
    assert (matrix >= 0).all()
    assert not matrix[:, :start].any()
    assert not matrix[:, start + max(1, size) :].any()


def test_a_square_that_the_originals_rounding_moves_over_the_border_repeats_it():
    attention = torch.zeros(56, 56)
    attention[52:, 20:25] = 1
    region = attended_region(attention, 0.1, 56)
    assert region.tolist() == [20, 52, 5]  # up to row 57 of 56
    scaled = scale_region(region, 56, 112)
    pixels = torch.rand(3, 112, 112)
    inside = crop(pixels, scaled, 40)
    assert torch.isfinite(inside).all()
    padded = torch.nn.functional.pad(pixels, (0, 0, 0, 2), mode="replicate")
    torch.testing.assert_close(inside, crop(padded, scaled, 40), rtol=0, atol=1e-5)


def attended(attention, threshold, side):
    """Where the enlarged map exceeds the threshold, ``(side, side)``."""
    large = torch.nn.functional.interpolate(torch.from_numpy(attention)[None, None], (side, side), mode="bilinear")
    weights = large[0, 0].numpy()
    levels = (weights - weights.min()) / (weights.max() - weights.min()) * 255
    return levels.astype(int) > 255 * threshold


@given(maps, thresholds)
def test_the_square_holds_all_that_is_kept_and_little_more(attention, threshold):
    side = 56
    left, top, size = (int(v) for v in attended_region(torch.from_numpy(attention), threshold, side).tolist())
    rows, columns = np.nonzero(attended(attention, threshold, side))
    assert size == max(np.ptp(rows), np.ptp(columns)) + 1
    assert 0 <= left <= columns.min()
    assert columns.max() < left + size <= side + 1  # the original's rounding may reach one pixel over the border
    assert 0 <= top <= rows.min()
    assert rows.max() < top + size <= side + 1
    for start, along in ((left, columns), (top, rows)):
        centred = abs((start + (size - 1) / 2) - (along.min() + along.max()) / 2) <= 1
        assert centred or start == 0 or start + size == side


@given(st.lists(maps, min_size=1, max_size=5), thresholds)
def test_regions_at_once_are_the_regions_one_by_one(attentions, threshold):
    together = attended_region(torch.from_numpy(np.stack(attentions))[None], threshold, 56)
    assert together.shape == (1, len(attentions), 3)
    for attention, region in zip(attentions, together[0], strict=True):
        assert torch.equal(region, attended_region(torch.from_numpy(attention), threshold, 56))


@pytest.mark.parametrize("value", [0.0, 1 / 196, 1.0])
def test_a_map_of_one_value_takes_the_whole_picture(value):
    assert attended_region(torch.full((2, 14, 14), value), 0.1, 224).tolist() == [[0, 0, 224]] * 2


@given(maps, st.integers(-8, 8))
def test_only_the_shape_of_a_map_counts(attention, power):
    scaled = torch.from_numpy(attention * np.float32(2.0**power))
    assert torch.equal(attended_region(scaled, 0.1, 56), attended_region(torch.from_numpy(attention), 0.1, 56))


def test_one_position_is_a_square_around_it():
    attention = torch.zeros(7, 7)
    attention[2, 5] = 1.0
    left, top, size = attended_region(attention, 0.5, 70).tolist()
    assert (left + size / 2, top + size / 2) == pytest.approx((55, 25), abs=1)
    assert size == pytest.approx(10, abs=2)


def test_no_gradient_flows_through_the_region():
    attention = torch.rand(4, 4, requires_grad=True)
    assert not attended_region(attention, 0.1, 56).requires_grad


@given(st.integers(0, 223), st.integers(1, 224), st.sampled_from([224, 300, 448, 1000]))
def test_a_region_scales_to_the_picture_rounded_down(start, size, picture):
    got = scale_region(torch.tensor([start, start, size], dtype=torch.float32), 224, picture)
    assert got.tolist() == [start * picture // 224, start * picture // 224, size * picture // 224]


@given(maps, st.integers(64, 500), st.integers(64, 500))
def test_a_box_lies_in_the_centre_square_of_its_picture(attention, width, height):
    left, top, right, bottom = region_box(torch.from_numpy(attention), 0.1, (width, height), 224)
    shorter = min(width, height)
    pixel = shorter / 224 + 1  # of the map, where the original's rounding may reach over the border
    assert right - left == bottom - top > 0
    assert (width - shorter) // 2 <= left
    assert right <= (width + shorter) / 2 + pixel
    assert (height - shorter) // 2 <= top
    assert bottom <= (height + shorter) / 2 + pixel
