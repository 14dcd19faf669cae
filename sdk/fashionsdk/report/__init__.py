"""Self-contained HTML pages: how well a model retrieves, where it looks, and its embedding space in the plane."""

from fashionsdk.report._embedding_maps import draw_maps, sample_labels
from fashionsdk.report._gather import gather
from fashionsdk.report._gazes import gaze
from fashionsdk.report._pages import render, render_gazes, render_maps
from fashionsdk.report._pictures import thumbnail
from fashionsdk.report._report_types import EmbeddingMap, Gaze, Report
from fashionsdk.report._sample import MAP_POINTS, SEED

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
