"""The network of a run: how it starts, and what is taken from its averaged state."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from torch import Tensor

from fashionsdk_training.config import ModelConfig, TrainConfig
from fashionsdk_training.loop.run_files import under
from fashionsdk_training.models import AttributeModel, build_model, with_posteriors
from fashionsdk_training.models.parts import load_pretrained


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


def trained_network(
    config: TrainConfig, values: Sequence[int], state: Mapping[str, Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Return the settings and parameters of the network in a criterion's averaged ``state``."""
    weights, settings = under("model.", state), network_settings(config, values)
    if not config.posteriors:
        return settings, weights
    proxies = under("proxy.proxies.", state)
    return with_posteriors(settings, weights, [proxies[str(a)] for a in range(len(proxies))])
