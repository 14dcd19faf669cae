"""Self-contained HTML pages: how well a model retrieves, where it looks, and its embedding space in the plane."""

from fashionsdk.report._attention_overlays import overlay_attention
from fashionsdk.report._embedding_maps import draw_maps, sample_labels
from fashionsdk.report._gather import gather
from fashionsdk.report._pages import is_page, render, render_attention, render_maps
from fashionsdk.report._pictures import thumbnail
from fashionsdk.report._random_sample import MAP_POINTS, SEED
from fashionsdk.report._report_types import AttentionOverlays, EmbeddingMap, Report

__all__ = [
    "MAP_POINTS",
    "SEED",
    "AttentionOverlays",
    "EmbeddingMap",
    "Report",
    "draw_maps",
    "gather",
    "is_page",
    "overlay_attention",
    "render",
    "render_attention",
    "render_maps",
    "sample_labels",
    "thumbnail",
]
