"""The networks. Each maps images to all attributes' embeddings in one backbone pass."""

from fashionsdk_training.models.ag_man import AGMAN
from fashionsdk_training.models.allocation_limit import AllocationLimit
from fashionsdk_training.models.asen import ASEN
from fashionsdk_training.models.asen_pp import ASENPlusPlus
from fashionsdk_training.models.asen_v2 import ASENetV2
from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, Maps, ValuePlace, unit
from fashionsdk_training.models.cam import CAMNetwork
from fashionsdk_training.models.extended import MOST_VALUES, AddedAttribute, ExtendedModel, pool_bands
from fashionsdk_training.models.factory import build_model
from fashionsdk_training.models.parts import LevelsBackbone
from fashionsdk_training.models.posterior import NEVER, PosteriorModel, with_posteriors
from fashionsdk_training.models.triplet_and_csn import CSN, TripletNetwork
from fashionsdk_training.models.wrapper import Wrapper

__all__ = [
    "AGMAN",
    "ASEN",
    "CSN",
    "MOST_VALUES",
    "NEVER",
    "ASENPlusPlus",
    "ASENetV2",
    "AddedAttribute",
    "AllocationLimit",
    "AttributeModel",
    "CAMNetwork",
    "Constants",
    "Encoded",
    "ExtendedModel",
    "LevelsBackbone",
    "Maps",
    "PosteriorModel",
    "TripletNetwork",
    "ValuePlace",
    "Wrapper",
    "build_model",
    "pool_bands",
    "unit",
    "with_posteriors",
]
