"""The networks. Every one maps images to all attributes' embeddings in one backbone pass."""

from fashionsdk_training.models.ag_man import AGMAN
from fashionsdk_training.models.asen import ASEN
from fashionsdk_training.models.asen_pp import ASENPlusPlus
from fashionsdk_training.models.asen_v2 import ASENetV2
from fashionsdk_training.models.base import AttributeModel, Encoded
from fashionsdk_training.models.build import build_model
from fashionsdk_training.models.extended import ExtendedModel
from fashionsdk_training.models.general import CSN, TripletNetwork
from fashionsdk_training.models.posterior import PosteriorModel

__all__ = [
    "AGMAN",
    "ASEN",
    "CSN",
    "ASENPlusPlus",
    "ASENetV2",
    "AttributeModel",
    "Encoded",
    "ExtendedModel",
    "PosteriorModel",
    "TripletNetwork",
    "build_model",
]
