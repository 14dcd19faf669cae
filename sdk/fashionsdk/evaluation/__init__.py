"""Evaluation by the papers' protocols: retrieval, triplets, and whether attention points at the attribute."""

from fashionsdk.evaluation._metrics import average_precision
from fashionsdk.evaluation._paired_bootstrap import Comparison, Difference, bootstrap_mean, paired_bootstrap
from fashionsdk.evaluation._pointing import PhotoAttention, peak, pointing
from fashionsdk.evaluation._retrieval import (
    Evaluation,
    QueryPrecisions,
    Score,
    check_attributes,
    evaluate,
    one_valued,
    score,
)
from fashionsdk.evaluation._scores import Scores
from fashionsdk.evaluation._scratch_vectors import Batch, ScratchVectors, scratch_vectors
from fashionsdk.evaluation._triplet_accuracy import TripletEvaluation, evaluate_triplets

__all__ = [
    "Batch",
    "Comparison",
    "Difference",
    "Evaluation",
    "PhotoAttention",
    "QueryPrecisions",
    "Score",
    "Scores",
    "ScratchVectors",
    "TripletEvaluation",
    "average_precision",
    "bootstrap_mean",
    "check_attributes",
    "evaluate",
    "evaluate_triplets",
    "one_valued",
    "paired_bootstrap",
    "peak",
    "pointing",
    "score",
    "scratch_vectors",
]
