"""Properties of every generated picture."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

import fashionsdk_training.garments as garments
from fashionsdk_training.garments import ATTRIBUTES, draw
from fashionsdk_training.garments.decision_boxes import attribute_box
from fashionsdk_training.garments.render import paint
from fashionsdk_training.garments.scene import sample_scene
from fashionsdk_training.garments.vocabulary import COAT_HEMS, HEM_SLACK, PANT_HEMS, SKIRT_HEMS

FASHIONAI = {
    "skirt_length": 6,
    "sleeve_length": 9,
    "coat_length": 8,
    "pant_length": 6,
    "collar_design": 5,
    "lapel_design": 5,
    "neckline_design": 10,
    "neck_design": 5,
}
NAMES = tuple(FASHIONAI)
SIDE = 96
CHANGED = 30  # grey levels
LEAST_CHANGE = 15  # pixels of 96 x 96 that set neighbouring values apart; 22 measured, sleeveless and cup
INSIDE = 0.995  # of the changed pixels; 1.0 measured
SIZES_ATOL = 12.0  # mean grey levels between one scene's pictures at two sizes; 8 measured, from grain and JPEG


def pixels(image):
    return np.asarray(image, dtype=np.int16)


def with_value(scene, attribute, value):
    """The same scene with one value changed; without sleeves, which some necklines exclude."""
    sleeves = {} if attribute == "sleeve_length" else {"sleeve_length": "sleeveless"}
    return replace(scene, values={**scene.values, **sleeves, attribute: value})


def before_the_camera(scene):
    """The picture without blur, noise and compression, which spread a change."""
    return pixels(paint(scene, SIDE, np.random.default_rng(scene.look.seed)))


def scenes_showing(attribute, count):
    shown = (scene for scene in (sample_scene(index, 3) for index in range(1000)) if attribute in scene.labelled)
    return [scene for scene, _ in zip(shown, range(count), strict=False)]


def test_the_attributes_have_as_many_values_as_fashionai():
    assert {each.name: len(each.values) for each in ATTRIBUTES} == FASHIONAI


def test_the_public_names_are_sorted_and_exist():
    assert garments.__all__ == sorted(garments.__all__)
    assert all(hasattr(garments, name) for name in garments.__all__)


@pytest.mark.parametrize("hems", [SKIRT_HEMS, PANT_HEMS, COAT_HEMS])
def test_hems_of_neighbouring_values_leave_a_gap(hems):
    levels = np.array(list(hems.values()))
    assert (np.diff(levels) - 2 * HEM_SLACK > 2 * HEM_SLACK).all()


def test_a_picture_depends_on_its_index_and_seed_only():
    first = draw(5, seed=2, side=SIDE)
    draw(6, seed=2, side=SIDE)
    again = draw(5, seed=2, side=SIDE)
    assert first.image.tobytes() == again.image.tobytes()
    assert (first.values, first.boxes) == (again.values, again.boxes)
    for other in (draw(6, seed=2, side=SIDE), draw(5, seed=3, side=SIDE)):
        assert first.image.tobytes() != other.image.tobytes()


def test_another_process_draws_the_same_pixels_without_torch():
    script = (
        "import hashlib, sys; from fashionsdk_training.garments import draw; assert 'torch' not in sys.modules;"
        f"print(hashlib.sha256(draw(7, side={SIDE}).image.tobytes()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    out = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True)
    assert out.stdout.strip() == hashlib.sha256(draw(7, side=SIDE).image.tobytes()).hexdigest()


@pytest.mark.parametrize("side", [32, 33, 160])
def test_a_picture_has_the_side_that_was_asked_for(side):
    image = draw(1, side=side).image
    assert (image.mode, image.size) == ("RGB", (side, side))


@pytest.mark.parametrize("index", range(4))
def test_a_scene_is_the_same_at_every_size(index):
    small, large = draw(index, side=80), draw(index, side=160)
    assert small.values == large.values
    assert small.boxes == large.boxes
    assert np.abs(pixels(small.image) - pixels(large.image.reduce(2))).mean() < SIZES_ATOL


def test_values_fit_the_outfit_and_come_with_boxes_inside_the_frame():
    known = {each.name: each.values for each in ATTRIBUTES}
    for index in range(60):
        garment = draw(index, seed=1, side=32)
        assert list(garment.values) == list(garment.boxes)
        assert all(value in known[name] for name, value in garment.values.items())
        assert not {"skirt_length", "pant_length"} <= garment.values.keys()
        tops = {"collar_design", "neckline_design", "neck_design", "lapel_design"} & garment.values.keys()
        assert len(tops) == 1
        assert "coat_length" not in garment.values or "lapel_design" in garment.values
        for left, top, right, bottom in garment.boxes.values():
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1


@pytest.fixture(scope="module")
def scenes():
    """What 2160 pictures show and are labelled for, forty for each pair of a sleeve's and a skirt's length."""
    return [(scene.values, scene.labelled) for scene in (sample_scene(index, 4) for index in range(2160))]


def test_values_are_equally_frequent_and_three_are_labelled_in_a_picture(scenes):
    labelled = [shown for _, shown in scenes]
    counts = Counter(pair for values in labelled for pair in values.items())
    for each in ATTRIBUTES:
        frequencies = [counts[each.name, value] for value in each.values]
        assert max(frequencies) < 1.15 * min(frequencies), each.name
    assert 2.7 < sum(counts.values()) / len(labelled) < 3.3


def test_two_attributes_of_a_picture_are_independent(scenes):
    table = np.zeros((9, 6))
    for values, _ in scenes:
        row = ATTRIBUTES[1].values.index(values["sleeve_length"])
        table[row, ATTRIBUTES[0].values.index(values["skirt_length"])] += 1
    chi_square = ((table - 40) ** 2 / 40).sum()
    assert chi_square < 73  # 40 degrees of freedom, one table in a thousand exceeds it


@pytest.mark.parametrize("attribute", NAMES)
def test_boxes_contain_everything_that_a_value_changes(attribute):
    values = next(each.values for each in ATTRIBUTES if each.name == attribute)
    for scene in scenes_showing(attribute, 4):
        left, top, right, bottom = (edge * SIDE for edge in attribute_box(scene, attribute))
        painted = [before_the_camera(with_value(scene, attribute, value)) for value in values]
        for first, second in combinations(painted, 2):
            y, x = np.nonzero(np.abs(first - second).max(axis=2) > CHANGED)
            inside = (x > left - 1) & (x < right) & (y > top - 1) & (y < bottom)
            assert len(x) >= LEAST_CHANGE, "two values look the same"
            assert inside.mean() >= INSIDE


def test_boxes_do_not_depend_on_values():
    for each in ATTRIBUTES:
        (scene,) = scenes_showing(each.name, 1)
        changed = [with_value(scene, each.name, value) for value in each.values]
        assert len({attribute_box(other, each.name) for other in changed}) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"index": -1}, "index -1"),
        ({"index": 0, "seed": -2}, "seed -2"),
        ({"index": 0, "side": 31}, "side is 31 pixels"),
        ({"index": 0, "scenes": "round"}, "scenes is 'round'; expected square, mixed, anywhere"),
    ],
)
def test_bad_arguments_are_an_error(arguments, message):
    with pytest.raises(ValueError, match=message):
        draw(**arguments)
