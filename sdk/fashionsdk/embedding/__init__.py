"""Embedding: photos in, vectors out, and the proof that a bundle answers as its model did."""

from fashionsdk.embedding._bulk import EmbeddedItem
from fashionsdk.embedding._embedder import MAX_WORKERS, Embedder
from fashionsdk.embedding._parity import TOLERANCES, CheckReport, Parity, check, compare, neighbour_agreement

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
]
