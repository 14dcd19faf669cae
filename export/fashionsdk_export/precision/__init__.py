"""Fewer bits: FP16 and INT8 graphs that keep float32 where measuring says that it is needed."""

from fashionsdk_export.precision.groups import HEAVY
from fashionsdk_export.precision.lowering import lower
from fashionsdk_export.precision.symmetric import to_symmetric

__all__ = [
    "HEAVY",
    "lower",
    "to_symmetric",
]
