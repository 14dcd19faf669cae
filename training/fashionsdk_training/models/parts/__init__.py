"""Parts that the networks share: backbones, attention, masks, regions."""

from fashionsdk_training.models.parts.attention_layers import (
    AttentionHead,
    AttributeBranch,
    ChannelAttention,
    SpatialAttention,
)
from fashionsdk_training.models.parts.backbone import Backbone
from fashionsdk_training.models.parts.colour_cells import ColourCells
from fashionsdk_training.models.parts.colour_level import ColourLevel
from fashionsdk_training.models.parts.levels import Levels, LevelsBackbone, on_grid
from fashionsdk_training.models.parts.masks import first_masks
from fashionsdk_training.models.parts.multi_level import MultiLevelBackbone
from fashionsdk_training.models.parts.pretrained import (
    PACKAGED,
    load_pretrained,
    packaged_weights,
    pretrained_network,
)
from fashionsdk_training.models.parts.regions import attended_region, crop, scale_region
from fashionsdk_training.models.parts.timm_networks import Size

__all__ = [
    "PACKAGED",
    "AttentionHead",
    "AttributeBranch",
    "Backbone",
    "ChannelAttention",
    "ColourCells",
    "ColourLevel",
    "Levels",
    "LevelsBackbone",
    "MultiLevelBackbone",
    "Size",
    "SpatialAttention",
    "attended_region",
    "crop",
    "first_masks",
    "load_pretrained",
    "on_grid",
    "packaged_weights",
    "pretrained_network",
    "scale_region",
]
