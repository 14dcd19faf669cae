"""Evaluation by the papers' protocols: retrieval, triplets, and where attention points."""

from fashionsdk.evaluation._pointing import Look, peak, pointing
from fashionsdk.evaluation._retrieval import Batch, Evaluation, Score, check_attributes, evaluate, score
from fashionsdk.evaluation._scratch_vectors import VectorStore
from fashionsdk.evaluation._triplet_accuracy import TripletEvaluation, evaluate_triplets

__all__ = [
    "Batch",
    "Evaluation",
    "Look",
    "Score",
    "TripletEvaluation",
    "VectorStore",
    "check_attributes",
    "evaluate",
    "evaluate_triplets",
    "peak",
    "pointing",
    "score",
]
