"""Lower precision: FP16 and INT8 graphs that stay float32 where measurements show that they must."""

from fashionsdk_export.precision.lowering import lower
from fashionsdk_export.precision.node_groups import HEAVY
from fashionsdk_export.precision.symmetric import to_symmetric

__all__ = [
    "HEAVY",
    "lower",
    "to_symmetric",
]
