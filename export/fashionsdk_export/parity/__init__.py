"""Parity: compare each graph with the trained model, and measure what a lower precision loses."""

from fashionsdk_export.parity.calibration_photos import CalibrationPhotos
from fashionsdk_export.parity.graph_check import GraphCheck, check_graph, figures
from fashionsdk_export.parity.graph_evaluation import GraphEvaluation
from fashionsdk_export.parity.temperatures import calibrated

__all__ = [
    "CalibrationPhotos",
    "GraphCheck",
    "GraphEvaluation",
    "calibrated",
    "check_graph",
    "figures",
]
