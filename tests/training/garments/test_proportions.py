"""Scenes of several proportions: whole garments, exact boxes, and nothing that reveals a value."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from fashionsdk.evaluation._fixed_place import fixed_place_hits
from fashionsdk_training.garments import ATTRIBUTES, draw
from fashionsdk_training.garments.decision_boxes import attribute_box, region
from fashionsdk_training.garments.proportions import PROPORTIONS
from fashionsdk_training.garments.render import Scenes, paint, placed_scene
from fashionsdk_training.garments.scene import sample_scene
from fashionsdk_training.garments.surroundings import PlacedCamera

SIDE = 192
NECK = "neckline_design"
CHANGED = 30  # grey levels
EDGE = 1e-9  # of sums of fractions
MOST_FIXED = 0.87  # of the necks' boxes; 0.80 measured, where squares have 1.0


def camera(scene):
    assert isinstance(scene.camera, PlacedCamera)
    return scene.camera


def test_pictures_have_the_proportions_as_often_as_is_said():
    sizes = Counter[tuple[int, int]]()
    for index in range(250):
        left, top, right, bottom = placed_scene(index, 0, "mixed").camera.window
        assert (left, top, max(right, bottom)) == (0, 0, 1)
        sizes[next(each for each in PROPORTIONS if right * each[1] == pytest.approx(bottom * each[0]))] += 1
    wanted = Counter(PROPORTIONS)
    assert sizes.keys() == wanted.keys()
    for proportion, times in wanted.items():
        assert abs(sizes[proportion] / 250 - times / len(PROPORTIONS)) < 0.1  # four standard deviations


@pytest.mark.parametrize("index", range(8))
def test_a_picture_has_the_pixels_of_its_proportion(index):
    _, _, right, bottom = placed_scene(index, 0, "mixed").camera.window
    width, height = draw(index, side=SIDE, scenes="mixed").image.size
    assert (width, height) == (round(right * SIDE), round(bottom * SIDE))
    assert max(width, height) == SIDE


def test_garments_are_whole_but_for_the_lower_edge_of_close_ups():
    for index in range(200):
        scene = placed_scene(index, 1, "mixed")
        _, _, right, bottom = scene.camera.window
        for attribute in scene.outfit.attributes():
            x, y = scene.camera.project(region(scene, attribute)).T
            assert x.min() >= -EDGE
            assert x.max() <= right + EDGE
            assert y.min() >= -EDGE
            assert scene.outfit.close or y.max() <= bottom + EDGE
        if scene.outfit.close:
            place = camera(scene).surroundings
            assert place.corner[1] + place.scale == pytest.approx(bottom)


def test_pictures_show_the_same_values_as_squares_and_the_same_scene_at_every_size():
    for index in range(6):
        square, small, large = (
            draw(index, side=64),
            draw(index, side=64, scenes="mixed"),
            draw(index, side=128, scenes="mixed"),
        )
        assert small.values == large.values == square.values
        assert small.boxes == large.boxes
        again = draw(index, side=64, scenes="mixed")
        assert (again.image.size, again.image.tobytes()) == (small.image.size, small.image.tobytes())
    assert draw(0, side=64, scenes="mixed").image.tobytes() != draw(0, seed=1, side=64, scenes="mixed").image.tobytes()


@pytest.mark.parametrize("attribute", [each.name for each in ATTRIBUTES])
def test_another_value_changes_pixels_inside_its_box_and_not_the_place(attribute):
    values = next(each.values for each in ATTRIBUTES if each.name == attribute)
    shown = (placed_scene(index, 0, "mixed") for index in range(1000))
    scenes = [scene for scene in shown if attribute in scene.labelled][:3]
    for scene in scenes:
        first, *others = (painted(scene, attribute, value) for value in values)
        height, width = first.shape[:2]
        left, top, right, bottom = np.array(attribute_box(scene, attribute)) * (width, height, width, height)
        for other in others:
            y, x = np.nonzero(np.abs(other - first).max(axis=2) > CHANGED)
            inside = (x > left - 1) & (x < right) & (y > top - 1) & (y < bottom)
            assert len(x) > 3
            assert inside.mean() >= 0.995


def painted(scene, attribute, value):
    """The picture of a scene with another value, without sleeves, which some necklines exclude."""
    sleeves = {} if attribute == "sleeve_length" else {"sleeve_length": "sleeveless"}
    changed = replace(scene, values={**scene.values, **sleeves, attribute: value})
    return np.asarray(paint(changed, SIDE, np.random.default_rng(scene.look.seed)), dtype=int)


def test_where_the_figure_stands_does_not_depend_on_values(monkeypatch):
    places = []
    for pick in (0, -1):
        monkeypatch.setattr(
            "fashionsdk_training.garments.scene._value",
            lambda seed, slot, block, number, pick=pick: ATTRIBUTES[number].values[pick],
        )
        places.append([camera(placed_scene(index, 0, "mixed")).surroundings for index in range(30)])
    assert places[0] == places[1]


def test_no_fixed_place_shows_the_values_of_most_pictures():
    assert fixed_place_hits(necks("mixed")).mean() < MOST_FIXED
    assert fixed_place_hits(necks("square")).mean() > 0.95


def necks(scenes: Scenes) -> np.ndarray:
    """The boxes of some pictures' necklines, ``(N, 4)``."""
    drawn = [placed_scene(index, 0, scenes) for index in range(300)]
    return np.array([attribute_box(scene, NECK) for scene in drawn if NECK in scene.labelled])


def test_a_square_is_the_scene_as_it_was_drawn_before_there_were_others():
    scene = sample_scene(3, 0)
    assert placed_scene(3, 0, "square").camera == scene.camera
