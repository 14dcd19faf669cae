"""Finds labels that are probably wrong, from what classifiers say that have not seen them."""

from fashionsdk_training.cleaning.suspects.doubts import Suspect, suspect_labels
from fashionsdk_training.cleaning.suspects.folds import folds_of, out_of_fold

__all__ = ["Suspect", "folds_of", "out_of_fold", "suspect_labels"]
