"""Parity: compare each graph with the trained model, and measure what a lower precision loses."""

from fashionsdk_export.parity.calibration_photos import CalibrationPhotos
from fashionsdk_export.parity.graph_check import GraphCheck, check_graph, figures
from fashionsdk_export.parity.graph_evaluation import GraphEvaluation

__all__ = [
    "CalibrationPhotos",
    "GraphCheck",
    "GraphEvaluation",
    "check_graph",
    "figures",
]
