"""Self-contained pages: how well a model retrieves, where it looks, why it answers, and its embedding space."""

from fashionsdk.report._embedding_maps import draw_maps, sample_labels
from fashionsdk.report._gather import gather
from fashionsdk.report._markup import Markup, element, join
from fashionsdk.report._pages import is_page, page, render, render_attention, render_maps
from fashionsdk.report._pictures import picture, spread_heat, thumbnail, under_heat
from fashionsdk.report._random_sample import MAP_POINTS, SEED
from fashionsdk.report._report_types import AttentionOverlays, EmbeddingMap, MapTrust, Report
from fashionsdk.report._sections import figure, heading
from fashionsdk.report.answers import check_sheet_size, draw_answers, is_sheet, render_answers
from fashionsdk.report.attention import overlay_attention

__all__ = [
    "MAP_POINTS",
    "SEED",
    "AttentionOverlays",
    "EmbeddingMap",
    "MapTrust",
    "Markup",
    "Report",
    "check_sheet_size",
    "draw_answers",
    "draw_maps",
    "element",
    "figure",
    "gather",
    "heading",
    "is_page",
    "is_sheet",
    "join",
    "overlay_attention",
    "page",
    "picture",
    "render",
    "render_answers",
    "render_attention",
    "render_maps",
    "sample_labels",
    "spread_heat",
    "thumbnail",
    "under_heat",
]
