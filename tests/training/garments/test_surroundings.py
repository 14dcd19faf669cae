"""Figures anywhere in cluttered scenes: what the tables say of them is where they are."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fashionsdk.evaluation._fixed_place import fixed_place_hits
from fashionsdk.labels import read_boxes, read_labels
from fashionsdk_training.garments import ATTRIBUTES, draw, write_table
from fashionsdk_training.garments.decision_boxes import attribute_box
from fashionsdk_training.garments.render import paint, placed_scene
from fashionsdk_training.garments.surroundings import sample_surroundings

SIDE = 192


@given(st.integers(0, 10**6), st.integers(0, 3))
def test_the_figure_is_in_the_window_which_is_as_long_as_the_square(index, seed):
    place = sample_surroundings(index, seed)
    left, top, right, bottom = place.window
    assert max(right - left, bottom - top) == pytest.approx(1)
    assert 0.5 - 1e-9 <= (right - left) / (bottom - top) <= 2 + 1e-9
    x, y = place.corner
    assert left - 1e-9 <= x <= x + place.scale <= right + 1e-9
    assert top - 1e-9 <= y <= y + place.scale <= bottom + 1e-9


def test_pictures_are_those_of_before_but_for_their_place():
    for index in range(12):
        usual, placed = draw(index, side=SIDE), draw(index, side=SIDE, scenes="anywhere")
        assert placed.values == usual.values
        assert max(placed.image.size) in (SIDE - 1, SIDE)
        place = sample_surroundings(index, 0)
        left, top, right, bottom = place.window
        for name, box in usual.boxes.items():
            edges = np.array(box).reshape(2, 2) * place.scale + place.corner
            expected = (edges - (left, top)) / (right - left, bottom - top)
            whole = np.array(placed.boxes[name]).reshape(2, 2)  # the usual frame cuts a figure's lower half off
            assert (whole[0] <= expected[0] + 1e-6).all()
            assert (whole[1] >= expected[1] - 1e-6).all()


@pytest.mark.parametrize("index", [3, 10, 17])
def test_another_value_changes_pixels_inside_its_box(index):
    scene = placed_scene(index, 0, "anywhere")
    attribute = scene.outfit.attributes()[1]
    values = next(each.values for each in ATTRIBUTES if each.name == attribute)
    left, top, right, bottom = attribute_box(scene, attribute)
    first, *others = (painted(scene, attribute, value) for value in values)
    for other in others:
        rows, columns = np.nonzero(np.abs(other - first).max(axis=2) > 30)
        height, width = first.shape[:2]
        across = (left * width - 1 <= columns) & (columns <= right * width)
        down = (top * height - 1 <= rows) & (rows <= bottom * height)
        assert len(rows) > 3
        assert (across & down).mean() > 0.97


def painted(scene, attribute, value):
    """The picture of a scene with another value, without sleeves, which some necklines exclude."""
    changed = replace(scene, values={**scene.values, "sleeve_length": "sleeveless", attribute: value})
    return np.asarray(paint(changed, SIDE, np.random.default_rng(scene.look.seed)), dtype=int)


def test_no_fixed_place_shows_the_values(tmp_path):
    table = write_table(tmp_path, train=1, valid=200, side=32, scenes="anywhere", workers=1)
    labels = read_labels(table, "valid")
    boxes = read_boxes(tmp_path / "boxes.csv", labels, elsewhere=read_labels(table, "train").images)
    edges = [
        [box.left, box.top, box.right, box.bottom]
        for each in boxes.values()
        for name, box in each.items()
        if name == "neckline_design"
    ]
    assert fixed_place_hits(np.array(edges)).mean() < 0.3
    assert len({path.stat().st_size for path in labels.paths}) > 50
