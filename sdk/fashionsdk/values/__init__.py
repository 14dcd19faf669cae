"""The values of attributes in embeddings: what a photo probably shows, and vectors that stand for a value."""

from fashionsdk.values._applicability import Applicability, fit_applicability
from fashionsdk.values._calibration import Calibration, calibration
from fashionsdk.values._prediction import SURELY, Prediction
from fashionsdk.values._temperature import fit_temperature, tempered
from fashionsdk.values._value_space import Posterior, ValueSpace

__all__ = [
    "SURELY",
    "Applicability",
    "Calibration",
    "Posterior",
    "Prediction",
    "ValueSpace",
    "calibration",
    "fit_applicability",
    "fit_temperature",
    "tempered",
]
