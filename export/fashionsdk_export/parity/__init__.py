"""Parity: the proof that each graph answers as the trained model, and what a lower precision costs."""

from fashionsdk_export.parity.graph_check import Proof, figures, prove
from fashionsdk_export.parity.graph_evaluation import Examination
from fashionsdk_export.parity.measuring_photos import Evidence

__all__ = [
    "Evidence",
    "Examination",
    "Proof",
    "figures",
    "prove",
]
