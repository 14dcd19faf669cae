"""Linear probes: one linear classifier per attribute on frozen features, the simple thing that training should beat."""

from fashionsdk_training.probe.baseline import (
    Baseline,
    ProbedPhotos,
    evaluate_vectors,
    measure_baseline,
    probe_attributes,
    probe_photos,
)
from fashionsdk_training.probe.fit_probe import fit_probe
from fashionsdk_training.probe.frozen_features import PHOTOS_AT_ONCE, FrozenNetwork
from fashionsdk_training.probe.linear_probe import LinearProbe
from fashionsdk_training.probe.logistic_regression import fit_logistic, standardisation
from fashionsdk_training.probe.probe_start import start_from_probe
from fashionsdk_training.probe.tensor_files import keep_tensors, kept_tensors

__all__ = [
    "PHOTOS_AT_ONCE",
    "Baseline",
    "FrozenNetwork",
    "LinearProbe",
    "ProbedPhotos",
    "evaluate_vectors",
    "fit_logistic",
    "fit_probe",
    "keep_tensors",
    "kept_tensors",
    "measure_baseline",
    "probe_attributes",
    "probe_photos",
    "standardisation",
    "start_from_probe",
]
