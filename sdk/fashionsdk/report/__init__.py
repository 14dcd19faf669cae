"""Self-contained HTML pages: how well a model retrieves, where it looks, and its embedding space in the plane."""

from fashionsdk.report.gather import gather
from fashionsdk.report.gazes import gaze
from fashionsdk.report.maps import draw_maps, sample_labels
from fashionsdk.report.page import render, render_gazes, render_maps
from fashionsdk.report.pictures import thumbnail
from fashionsdk.report.sample import MAP_POINTS, SEED
from fashionsdk.report.types import EmbeddingMap, Gaze, Report

__all__ = [
    "MAP_POINTS",
    "SEED",
    "EmbeddingMap",
    "Gaze",
    "Report",
    "draw_maps",
    "gather",
    "gaze",
    "render",
    "render_gazes",
    "render_maps",
    "sample_labels",
    "thumbnail",
]
