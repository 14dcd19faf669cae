"""Embedding: photos in, vectors out, and a check that a bundle answers as the trained model did."""

from fashionsdk.embedding._embedder import Embedder
from fashionsdk.embedding._parity import TOLERANCES, CheckReport, Parity, check, compare, neighbour_agreement
from fashionsdk.embedding._predictions import predicted, predictions
from fashionsdk.embedding._reading import MAX_WORKERS
from fashionsdk.embedding._stream import EmbeddedItem

__all__ = [
    "MAX_WORKERS",
    "TOLERANCES",
    "CheckReport",
    "EmbeddedItem",
    "Embedder",
    "Parity",
    "check",
    "compare",
    "neighbour_agreement",
    "predicted",
    "predictions",
]
