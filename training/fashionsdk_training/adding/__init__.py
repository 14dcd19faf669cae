"""Attributes added to a trained network without training it again: its other embeddings stay equal to the bit."""

from fashionsdk_training.adding.attribute_photos import LabelledPhotos, load_labelled, read_labelled
from fashionsdk_training.adding.fit_classifier import encode_bands, fit_added
from fashionsdk_training.adding.new_attribute import add_attribute

__all__ = [
    "LabelledPhotos",
    "add_attribute",
    "encode_bands",
    "fit_added",
    "load_labelled",
    "read_labelled",
]
