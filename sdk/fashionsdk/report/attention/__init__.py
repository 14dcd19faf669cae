"""Attention on pages: photos under it, and what speaks for and against reading its maps."""

from fashionsdk.report.attention._attention_overlays import overlay_attention
from fashionsdk.report.attention._attention_sections import ATTENTION_LEAD, attention, report_attention
from fashionsdk.report.attention._map_watch import MapWatch

__all__ = ["ATTENTION_LEAD", "MapWatch", "attention", "overlay_attention", "report_attention"]
