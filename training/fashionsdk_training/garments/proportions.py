"""Scenes of several proportions, as of shops' photos: whole garments, not always in the middle, little clutter."""

import numpy as np

from fashionsdk_training.garments.decision_boxes import region
from fashionsdk_training.garments.drawing import join
from fashionsdk_training.garments.scene import Scene
from fashionsdk_training.garments.surroundings import Surroundings

PROPORTIONS = ((3, 4), (3, 4), (2, 3), (1, 1), (4, 3))  # width and height, each as probable; portraits as in shops
_STREAM = 3  # of random numbers; values, nuisance and surroundings have 0, 1 and 2
_LEAST = 0.9  # the figure's frame over the largest whose garments fit into the scene


def sample_proportions(scene: Scene, index: int, seed: int) -> Surroundings:
    """Return where the figure of picture ``index`` stands in a scene of one of the proportions.

    It may stand anywhere across the scene where its garments are whole. A close-up ends at the scene's lower edge.
    Nothing of this depends on a value.
    """
    rng = np.random.default_rng([seed, _STREAM, index])
    across, down = PROPORTIONS[rng.integers(len(PROPORTIONS))]
    width, height = across / max(across, down), down / max(across, down)
    begin, end = _span(scene)
    scale = min(height, width / (end - begin)) * float(rng.uniform(_LEAST, 1))
    left = float(rng.uniform(-begin * scale, width - end * scale))
    top = height - scale if scene.outfit.close else float(rng.uniform(0, height - scale))
    return Surroundings((0.0, 0.0, width, height), (left, top), scale, cluttered=False)


def _span(scene: Scene) -> tuple[float, float]:
    """Return where the garments begin and end across the figure's own frame, whatever their values."""
    regions = join(*(region(scene, attribute) for attribute in scene.outfit.attributes()))
    x = scene.camera.project(regions)[:, 0]
    return float(x.min()), float(x.max())
