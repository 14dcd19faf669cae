"""One self-contained HTML page that shows how well a model retrieves, attribute by attribute."""

from fashionsdk.report.gather import gather
from fashionsdk.report.page import render
from fashionsdk.report.types import Report

__all__ = ["Report", "gather", "render"]
