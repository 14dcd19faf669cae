"""Clothes: tops, bottoms, coats and necks, drawn on the canvas with a scene's values."""

from fashionsdk_training.garments.clothes.bottoms import draw_skirt, draw_trousers
from fashionsdk_training.garments.clothes.coats import draw_coat, draw_lapels
from fashionsdk_training.garments.clothes.necks import draw_collar, draw_high_neck
from fashionsdk_training.garments.clothes.tops import draw_bodice, draw_off_shoulder_band, draw_sleeves

__all__ = [
    "draw_bodice",
    "draw_coat",
    "draw_collar",
    "draw_high_neck",
    "draw_lapels",
    "draw_off_shoulder_band",
    "draw_skirt",
    "draw_sleeves",
    "draw_trousers",
]
