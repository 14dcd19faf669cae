"""Says what is wrong with a table of labels: counts, photos that stand there twice, and labels that seem wrong."""

from fashionsdk_training.cleaning.label_report import LabelReport, count_report, full_report
from fashionsdk_training.cleaning.looked_at import LookedAt, look_at
from fashionsdk_training.cleaning.shown import render_labels, report_text
from fashionsdk_training.cleaning.survey import TableItems, table_items

__all__ = [
    "LabelReport",
    "LookedAt",
    "TableItems",
    "count_report",
    "full_report",
    "look_at",
    "render_labels",
    "report_text",
    "table_items",
]
