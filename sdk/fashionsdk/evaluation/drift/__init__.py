"""Has quality drifted? Labelled photos of today against the figures that an export recorded."""

from fashionsdk.evaluation.drift._attribute_map import EmbeddedSplit
from fashionsdk.evaluation.drift._drift import AttributeDrift, Drift, measure_drift
from fashionsdk.evaluation.drift._measure_quality import measure_quality
from fashionsdk.evaluation.drift._standard_gallery import STANDARD_GALLERY, expected_precision

__all__ = [
    "STANDARD_GALLERY",
    "AttributeDrift",
    "Drift",
    "EmbeddedSplit",
    "expected_precision",
    "measure_drift",
    "measure_quality",
]
