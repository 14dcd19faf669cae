"""Evaluation by the papers' protocols: retrieval, triplets, and whether attention points at the attribute."""

from fashionsdk.evaluation._metrics import average_precision
from fashionsdk.evaluation._own_product import own_product
from fashionsdk.evaluation._paired_bootstrap import Comparison, Difference, bootstrap_mean, paired_bootstrap
from fashionsdk.evaluation._peak import peak
from fashionsdk.evaluation._pointing import PhotoAttention, Pointing, PointingScore, pointing
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
from fashionsdk.evaluation._shared_map import NEARLY, SharedMap
from fashionsdk.evaluation._triplet_accuracy import TripletEvaluation, evaluate_triplets

__all__ = [
    "NEARLY",
    "Batch",
    "Comparison",
    "Difference",
    "Evaluation",
    "PhotoAttention",
    "Pointing",
    "PointingScore",
    "QueryPrecisions",
    "Score",
    "Scores",
    "ScratchVectors",
    "SharedMap",
    "TripletEvaluation",
    "average_precision",
    "bootstrap_mean",
    "check_attributes",
    "evaluate",
    "evaluate_triplets",
    "one_valued",
    "own_product",
    "paired_bootstrap",
    "peak",
    "pointing",
    "score",
    "scratch_vectors",
]
