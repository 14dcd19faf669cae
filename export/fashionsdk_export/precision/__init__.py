"""Fewer bits: FP16 and INT8 graphs that keep float32 where measuring says that it is needed."""

from fashionsdk_export.precision.lower import GOALS, Lowered, lower
from fashionsdk_export.precision.symmetric import to_symmetric

__all__ = ["GOALS", "Lowered", "lower", "to_symmetric"]
