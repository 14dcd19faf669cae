"""Build a network from its configuration."""

from collections.abc import Callable, Mapping

from fashionsdk_training.config import Architecture, ModelConfig
from fashionsdk_training.models.ag_man import AGMAN
from fashionsdk_training.models.asen import ASEN
from fashionsdk_training.models.asen_pp import ASENPlusPlus
from fashionsdk_training.models.asen_v2 import ASENetV2
from fashionsdk_training.models.attribute_model import AttributeModel
from fashionsdk_training.models.cam import CAMNetwork
from fashionsdk_training.models.extended import ExtendedModel
from fashionsdk_training.models.parts import Size
from fashionsdk_training.models.posterior import PosteriorModel
from fashionsdk_training.models.triplet_and_csn import CSN, TripletNetwork

_ARCHITECTURES: Mapping[Architecture, Callable[[ModelConfig, int, float, Size | None], AttributeModel]] = {
    "triplet": TripletNetwork,
    "csn": CSN,
    "asen": ASEN,
    "asen_v2": ASENetV2,
    "asen_pp": ASENPlusPlus,
    "ag_man": AGMAN,
    "cam": CAMNetwork,
}


def build_model(
    config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None
) -> AttributeModel:
    """Return a freshly initialised network for ``attributes`` attributes, ``config.added`` of which were added later.

    Args:
        config: its settings.
        attributes: how many attributes it has.
        drop_path: probability of skipping a residual block of the backbone in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.

    Raises:
        ValueError: timm has no such backbone or feature map, the backbone cannot take such an input, or no attribute is
            left for the first training.
    """
    first = attributes - config.added
    if first < 1:
        raise ValueError(f"{attributes} attributes, {config.added} of them added later; expected at least one before")
    if config.values and len(config.values) != first:
        raise ValueError(f"values of {len(config.values)} attributes for {first}; expected one number each")
    base = _ARCHITECTURES[config.architecture](config, first, drop_path, input)
    if config.values and config.architecture != "cam":
        base = PosteriorModel(base, config.values, config.posterior_scale, config.posterior_weight)
    return ExtendedModel(base, config.added) if config.added else base
