"""Build a network from its configuration."""

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.asen_v2 import ASENetV2
from fashionsdk_training.models.base import AttributeModel

_ARCHITECTURES = {"asen_v2": ASENetV2}


def build_model(config: ModelConfig, attributes: int, drop_path: float = 0.0) -> AttributeModel:
    """Return a freshly initialised network for ``attributes`` attributes.

    Raises:
        ValueError: timm has no such backbone or feature map.
    """
    return _ARCHITECTURES[config.architecture](config, attributes, drop_path)
