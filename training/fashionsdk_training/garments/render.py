"""From a scene to a picture."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.random import Generator
from PIL import Image

from fashionsdk_training.garments.body import Box
from fashionsdk_training.garments.clothes import (
    draw_bodice,
    draw_coat,
    draw_collar,
    draw_high_neck,
    draw_lapels,
    draw_off_shoulder_band,
    draw_skirt,
    draw_sleeves,
    draw_trousers,
)
from fashionsdk_training.garments.decision_boxes import attribute_box
from fashionsdk_training.garments.drawing import Canvas, Cloth
from fashionsdk_training.garments.figure import draw_arms, draw_back_hair, draw_head, draw_legs, draw_torso
from fashionsdk_training.garments.nuisance import draw_clutter, draw_occluders, photograph
from fashionsdk_training.garments.proportions import sample_proportions
from fashionsdk_training.garments.scene import Scene, sample_scene
from fashionsdk_training.garments.surroundings import PlacedCamera, sample_surroundings, scatter

Scenes: TypeAlias = Literal["square", "mixed", "anywhere"]
MIN_SIDE = 32


@dataclass(frozen=True, eq=False)
class Garment:
    """A generated picture and its labels.

    Attributes:
        image: RGB, with ``side`` as its long side, within a pixel.
        values: attribute to value name, for the visible attributes; the others are not labelled.
        boxes: same keys; left, top, right, bottom of the region that shows the value, as fractions of the picture's
            sides from 0 to 1.
    """

    image: Image.Image
    values: dict[str, str]
    boxes: dict[str, Box]


def draw(index: int, *, seed: int = 0, side: int = 224, scenes: Scenes = "square") -> Garment:
    """Return picture ``index``: the same scene at any ``side``, the same pixels on every run.

    Args:
        index: which picture.
        seed: another seed gives other pictures.
        side: of the picture in pixels, the long one.
        scenes: ``"square"``, with the figure in the middle; ``"mixed"``, portraits, squares and landscapes with whole
            garments, not always in the middle; or ``"anywhere"``, cluttered scenes of any proportion, with a small
            figure anywhere.

    Raises:
        ValueError: ``index`` or ``seed`` is negative, ``side`` is under 32, or there are no such scenes.
    """
    check_scenes(scenes)
    if index < 0 or seed < 0:
        raise ValueError(f"index {index} and seed {seed}; expected neither to be negative")
    if side < MIN_SIDE:
        raise ValueError(f"side is {side} pixels; expected at least {MIN_SIDE}, so that garments are visible")
    return draw_scene(placed_scene(index, seed, scenes), side)


def check_scenes(scenes: str) -> None:
    """Check that there are such scenes.

    Raises:
        ValueError: there are none.
    """
    if scenes not in get_args(Scenes):
        raise ValueError(f"scenes is {scenes!r}; expected {', '.join(get_args(Scenes))}")


def placed_scene(index: int, seed: int, scenes: Scenes) -> Scene:
    """Return the scene of picture ``index``, with the figure in its place."""
    scene = sample_scene(index, seed)
    if scenes == "square":
        return scene
    mixed = scenes == "mixed"
    place = sample_proportions(scene, index, seed) if mixed else sample_surroundings(index, seed)
    return replace(scene, camera=PlacedCamera(scene.camera, place))


def draw_scene(scene: Scene, side: int) -> Garment:
    """Return the picture of a scene."""
    rng = np.random.default_rng(scene.look.seed)
    values = scene.labelled
    return Garment(
        image=photograph(paint(scene, side, rng), rng),
        values=values,
        boxes={name: attribute_box(scene, name) for name in values},
    )


def paint(scene: Scene, side: int, rng: Generator) -> Image.Image:
    """Return a scene without blur, noise and compression."""
    canvas = Canvas(scene.camera, scene.look.background, side)
    if isinstance(scene.camera, PlacedCamera) and scene.camera.surroundings.cluttered:
        scatter(canvas, scene.camera, rng)
    draw_clutter(canvas, rng)
    _draw_figure(canvas, scene)
    draw_occluders(canvas, scene, rng)
    left, top, right, bottom = (round(edge * side) for edge in scene.camera.window)
    return canvas.finish().crop((left, top, right, bottom))


def _draw_figure(canvas: Canvas, scene: Scene) -> None:
    """Draw from the back to the front."""
    look = scene.look
    draw_back_hair(canvas, look)
    draw_legs(canvas, scene)
    draw_torso(canvas, look)
    bottom = draw_skirt if scene.outfit.bottom == "skirt_length" else draw_trousers
    bottom(canvas, scene, canvas.weave(look.bottom))
    top = canvas.weave(look.top)
    draw_bodice(canvas, scene, top, _opening(scene))
    draw_head(canvas, look)
    if scene.outfit.coat:
        _draw_over_top_with_coat(canvas, scene)
    else:
        _draw_over_top(canvas, scene, top)


def _draw_over_top_with_coat(canvas: Canvas, scene: Scene) -> None:
    coat = canvas.weave(scene.look.coat)
    draw_coat(canvas, scene, coat)
    draw_arms(canvas, scene)
    draw_sleeves(canvas, scene, coat)
    draw_lapels(canvas, scene.values["lapel_design"], scene.look.trim)


def _draw_over_top(canvas: Canvas, scene: Scene, top: Cloth) -> None:
    draw_arms(canvas, scene)
    if not scene.bare_arms:
        draw_sleeves(canvas, scene, top)
    neck = scene.outfit.neck
    value = scene.values[neck]
    if neck == "collar_design":
        draw_collar(canvas, value, top, scene.look.trim)
    elif neck == "neck_design":
        draw_high_neck(canvas, value, top)
    elif value == "off_shoulder":
        draw_off_shoulder_band(canvas, top)


def _opening(scene: Scene) -> str:
    """Return the opening of the bodice, which a coat, a collar or a high neck determines."""
    value = scene.values[scene.outfit.neck]
    if scene.outfit.coat:
        return "round"
    if scene.outfit.neck == "neckline_design":
        return value
    return "round" if value in ("draped", "rib") else "closed"
