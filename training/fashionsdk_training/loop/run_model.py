"""The network of a run: how it starts, and what is taken from its averaged state."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from fashionsdk.photos import Preprocessing
from fashionsdk_training.config import ModelConfig, TrainConfig
from fashionsdk_training.data import TrainingData
from fashionsdk_training.loop.run_files import under
from fashionsdk_training.models import AttributeModel, build_model, with_posteriors
from fashionsdk_training.models.parts import load_pretrained
from fashionsdk_training.probe import start_from_probe


def network_settings(config: TrainConfig, values: Sequence[int]) -> ModelConfig:
    """Return the settings of the network that is trained: CAM's classifiers need to know the number of values."""
    if config.model.architecture != "cam":
        return config.model
    return replace(config.model, values=tuple(max(1, count) for count in values))


def start_model(config: TrainConfig, values: Sequence[int]) -> AttributeModel:
    """Return the network with pretrained backbones, if the settings ask for them.

    Args:
        config: the run's settings.
        values: how many values each attribute has.
    """
    settings, input = network_settings(config, values), config.preprocessing.shape[:2]
    model = build_model(settings, len(values), config.optimisation.drop_path, input)
    if config.pretrained is not None:
        for backbone in model.backbones():
            load_pretrained(backbone, config.pretrained.replace("{backbone}", backbone.name))
    return model


def probe_weights(
    config: TrainConfig,
    data: TrainingData,
    preprocessing: Preprocessing,
    folder: Path,
    device: torch.device,
    *,
    progress: bool = False,
) -> dict[str, Tensor]:
    """Return the weights of a CAM network that is linear classifiers on frozen features.

    Args:
        config: the run's settings.
        data: photos and labels.
        preprocessing: to the network's input.
        folder: where features and classifiers are kept.
        device: where features are computed.
        progress: whether to show progress bars.
    """
    values = [len(attribute.values) for attribute in data.labels.attributes]
    torch.manual_seed(config.seed)
    model = start_model(config, values).to(device)
    start_from_probe(model, config.model, data, preprocessing, folder, progress=progress)
    return model.state_dict()


def trained_network(
    config: TrainConfig, values: Sequence[int], state: Mapping[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Return the settings and parameters of the network in a criterion's averaged ``state``."""
    weights, settings = under("model.", state), network_settings(config, values)
    if not config.posteriors:
        return settings, weights
    proxies = under("proxy.proxies.", state)
    return with_posteriors(settings, weights, [proxies[str(a)] for a in range(len(proxies))])
