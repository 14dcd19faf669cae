"""ASEN: attribute-specific embedding network (Ma et al., AAAI 2020, arXiv:2002.02814, section 3)."""

import torch
from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import Constants, Encoded, Maps, OneBackboneModel, unit
from fashionsdk_training.models.parts import AttentionHead, Backbone, ChannelAttention, Size, SpatialAttention


class ASEN(OneBackboneModel):
    """Spatial then channel attention, then a linear layer; each attribute's vectors are columns of two tables.

    The paper's ablations leave out one attention: ``config.spatial_attention`` False takes the mean over positions
    ("ASEN w/o ASA"), ``config.channel_attention`` False does not gate ("ASEN w/o ACA").

    The original scores a position by a linear layer on ``u * key``. That is ``(weight * u) @ key`` and a bias, so its
    weight is part of the query here.

    Args:
        config: backbone, sizes and which attention there is.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std, Backbone(config.backbone, config.stage, drop_path, input))
        common, vector, channels = config.common_dimension, config.attribute_dimension, self.channels
        spatial = SpatialAttention(channels, common, bounded=True) if config.spatial_attention else None
        channel = ChannelAttention(channels, vector, config.hidden_dimension) if config.channel_attention else None
        if config.spatial_attention:
            self.spatial_table = nn.Linear(attributes, common, bias=False)  # mask_fc1
            self.score = nn.Linear(common, 1, bias=False)  # conv2, without its bias
        if config.channel_attention:
            self.channel_table = nn.Linear(attributes, vector, bias=False)  # mask_fc2
        self.attention_head = AttentionHead(spatial, channel, nn.Linear(channels, config.embedding_dimension))
        self.attributes = attributes
        self._dimension = config.embedding_dimension

    @property
    def dimension(self) -> int:
        """D, the last layer's outputs."""
        return self._dimension

    def constants(self) -> Constants:
        """Return queries ``(A, M)`` and the attributes' parts of the gate ``(A, hidden)``; zeros where not used."""
        nothing = self.mean.new_zeros(self.attributes, 1)
        head, query, part = self.attention_head, nothing, nothing
        if head.spatial is not None:
            query = torch.tanh(self.spatial_table.weight.T) * self.score.weight
        if head.channel is not None:
            part = head.channel.attribute_part(torch.relu(self.channel_table.weight.T))
        return query, part

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map ``(B, C, h, w)`` for all attributes; ``needed`` is ignored."""
        vectors, attention = self.attention_head(*features, *constants)
        return Encoded(unit(vectors), attention)
