"""Linear probes: one linear classifier per attribute on frozen features, the simple thing that training should beat."""

from fashionsdk_training.probe.baseline import Baseline, evaluate_vectors, measure_baseline
from fashionsdk_training.probe.fit_probe import fit_probe
from fashionsdk_training.probe.frozen_features import FrozenNetwork
from fashionsdk_training.probe.linear_probe import LinearProbe
from fashionsdk_training.probe.logistic_regression import fit_logistic, standardisation

__all__ = [
    "Baseline",
    "FrozenNetwork",
    "LinearProbe",
    "evaluate_vectors",
    "fit_logistic",
    "fit_probe",
    "measure_baseline",
    "standardisation",
]
