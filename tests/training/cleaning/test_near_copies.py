"""Copies of pictures are found, whatever part, size, quality or side of them is left; other pictures are not."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fashionsdk_training.cleaning.copies import SIDE, near_copies
from fashionsdk_training.cleaning.copies.aligned import agreement, coarse_match, refined
from fashionsdk_training.cleaning.copies.candidates import NEIGHBOURS, candidate_pairs

PIXEL = 2 / SIDE


def texture(seed, size=(180, 240)):
    """Return a picture with detail in every size, as photos have it."""
    rng = np.random.default_rng(seed)
    picture = np.full((size[1], size[0], 3), 128.0) + rng.uniform(-30, 30, 3)
    for cells, strength in ((3, 60), (8, 40), (20, 25)):
        noise = Image.fromarray(rng.integers(0, 256, (cells, cells)).astype(np.uint8)).resize(
            size, Image.Resampling.BICUBIC
        )
        picture += strength * (np.asarray(noise, float) / 128 - 1)[..., None]
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def small(image):
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def changed(image, *, part=(0.0, 0.0, 1.0, 1.0), factor=1.0, mirror=False, quality=90):
    width, height = image.size
    image = image.crop(
        tuple(round(edge * side) for edge, side in zip(part, (width, height, width, height), strict=True))
    )
    image = image.resize(tuple(max(1, round(side * factor)) for side in image.size), Image.Resampling.BICUBIC)
    image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirror else image
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def found(*images):
    return near_copies(np.ones((len(images), 1), np.float32), np.stack([small(image) for image in images]))


side = st.floats(0.86, 1.0)
place = st.floats(0.0, 1.0)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kept=st.tuples(side, side),
    at=st.tuples(place, place),
    factor=st.floats(0.5, 1.5),
    mirror=st.booleans(),
    quality=st.integers(40, 90),
)
def test_a_part_of_a_picture_in_any_size_and_quality_is_a_copy(seed, kept, at, factor, mirror, quality):
    left, top = ((1 - length) * share for length, share in zip(kept, at, strict=True))
    image = texture(seed)
    part = (left, top, left + kept[0], top + kept[1])
    copy = changed(image, part=part, factor=factor, mirror=mirror, quality=quality)
    (pair,) = found(image, copy)
    assert (pair.first, pair.second, pair.mirrored) == (0, 1, mirror)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), other=st.integers(10_001, 20_000), quality=st.integers(40, 90))
def test_other_pictures_are_none(seed, other, quality):
    assert not found(texture(seed), changed(texture(other), quality=quality))


def test_a_picture_in_another_colour_is_none():
    picture = small(texture(0)).astype(int)
    red, green = (np.clip(picture * factor, 0, 255).astype(np.uint8) for factor in ((1.2, 0.6, 0.6), (0.6, 1.2, 0.6)))
    features = np.array([[1.0], [2.0]], np.float32)
    assert not near_copies(features, np.stack([red, green]))
    assert near_copies(features, np.stack([red, np.clip(red.astype(int) + 2, 0, 255).astype(np.uint8)]))


def test_pictures_without_any_detail_are_copies_only_if_they_are_equal():
    white, grey = (np.full((SIDE, SIDE, 3), level, np.uint8) for level in (255, 250))
    pairs = near_copies(np.ones((3, 2), np.float32), np.stack([white, grey, white]))
    assert [(pair.first, pair.second) for pair in pairs] == [(0, 2)]


def test_equal_pictures_are_paired_with_the_first_however_many_there_are():
    pictures = np.stack([small(texture(seed)) for seed in (0, 1)])[[0, *[1] * 30]]
    pairs = near_copies(np.ones((31, 2), np.float32), pictures)
    assert [(pair.first, pair.second) for pair in pairs] == [(1, n) for n in range(2, 31)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_photos_have_few_pairs(count):
    features, pictures = np.ones((count, 3), np.float32), np.zeros((count, SIDE, SIDE, 3), np.uint8)
    assert len(near_copies(features, pictures)) == max(0, count - 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 60), st.integers(0, 1000))
def test_candidates_are_the_nearest_by_cosine_of_centred_features(count, seed):
    features = np.random.default_rng(seed).standard_normal((count, 3)).astype(np.float32)
    centred = features - features.mean(axis=0)
    expected = set()
    for one in range(count):
        lengths = np.linalg.norm(centred, axis=1) * np.linalg.norm(centred[one])
        cosines = [
            (float(centred[one] @ centred[two]) / max(lengths[two], 1e-9), two) for two in range(count) if two != one
        ]
        kept = (
            cosines if count <= NEIGHBOURS + 1 else [each for each in sorted(cosines)[-NEIGHBOURS:] if each[0] >= 0.3]
        )
        expected |= {tuple(sorted((one, two))) for _, two in kept}
    assert {tuple(pair) for pair in candidate_pairs(features).tolist()} == expected


def test_the_place_of_a_part_is_found_to_a_fifth_of_a_pixel():
    image, part = texture(3, (640, 640)), (0.08, 0.03, 0.97, 0.9)
    first, second = (small(each).astype(np.float32)[None] for each in (changed(image, part=part), image))
    _, place = coarse_match(first.mean(axis=3), second.mean(axis=3))
    exact = refined(first.mean(axis=3), second.mean(axis=3), place, 10)
    left, top, right, bottom = part
    expected = [left + right - 1, right - left, top + bottom - 1, bottom - top]
    np.testing.assert_allclose(exact[0], expected, atol=PIXEL / 5)
    agreed = agreement(first, second, exact)
    assert agreed.overlap[0] > 0.97
    assert agreed.structure[0] > 0.97
