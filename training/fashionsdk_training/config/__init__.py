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
from fashionsdk_training.config.run_record import (
    RUN_FILE,
    RunCommand,
    RunRecord,
    read_run_toml,
    run_toml,
)
from fashionsdk_training.config.setting_paths import Setting, all_settings, find_setting, setting_value, with_settings
from fashionsdk_training.config.setting_values import kind_words, parse_setting, setting_text
from fashionsdk_training.config.timm_record import NetworkRecord, network_record, settings_of_backbone
from fashionsdk_training.config.training_run import Objective, Sampling, TrainConfig

__all__ = [
    "HALF",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "RUN_FILE",
    "Architecture",
    "Colour",
    "LocalBranch",
    "Masks",
    "ModelConfig",
    "NetworkRecord",
    "Objective",
    "Optimisation",
    "Original",
    "RunCommand",
    "RunRecord",
    "Sampling",
    "Setting",
    "TrainConfig",
    "all_settings",
    "find_setting",
    "kind_words",
    "network_record",
    "parse_setting",
    "read_run_toml",
    "run_toml",
    "setting_text",
    "setting_value",
    "settings_of_backbone",
    "systems",
    "with_settings",
]
