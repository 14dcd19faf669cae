"""The networks. Every one maps images to all attributes' embeddings in one backbone pass."""

from fashionsdk_training.models.asen_v2 import ASENetV2
from fashionsdk_training.models.base import AttributeModel, Encoded
from fashionsdk_training.models.build import build_model

__all__ = ["ASENetV2", "AttributeModel", "Encoded", "build_model"]
