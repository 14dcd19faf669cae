"""A search's answers with the attention that explains them: a page in HTML, and a sheet in PNG."""

from fashionsdk.report.answers._answer_page import render_answers
from fashionsdk.report.answers._answer_sheet import check_sheet_size, draw_answers, is_sheet

__all__ = ["check_sheet_size", "draw_answers", "is_sheet", "render_answers"]
