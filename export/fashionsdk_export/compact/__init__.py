"""Compact vectors: fewer numbers an attribute, chosen under a budget of bytes by what they keep."""

from fashionsdk_export.compact.compact_model import CompactModel
from fashionsdk_export.compact.compaction import Compaction, CompactionFigures, PhotoVectors, compact

__all__ = ["CompactModel", "Compaction", "CompactionFigures", "PhotoVectors", "compact"]
