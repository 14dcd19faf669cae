"""Says what was found in a label table: as text, and as a page to look at."""

from fashionsdk_training.cleaning.shown.label_page import render_labels
from fashionsdk_training.cleaning.shown.label_text import report_text

__all__ = ["render_labels", "report_text"]
