"""Attributes added to a trained network: nothing old is trained again, and no old embedding changes by a bit."""

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
