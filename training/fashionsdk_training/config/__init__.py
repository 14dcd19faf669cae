"""The settings of a network and of a training run: frozen dataclasses, checked when they are created."""

from fashionsdk_training.config.network import (
    HALF,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Architecture,
    Colour,
    LocalBranch,
    Masks,
    ModelConfig,
    Original,
)
from fashionsdk_training.config.optimisation import Optimisation
from fashionsdk_training.config.paper_systems import systems
from fashionsdk_training.config.training_run import Objective, Sampling, TrainConfig

__all__ = [
    "HALF",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "Architecture",
    "Colour",
    "LocalBranch",
    "Masks",
    "ModelConfig",
    "Objective",
    "Optimisation",
    "Original",
    "Sampling",
    "TrainConfig",
    "systems",
]
