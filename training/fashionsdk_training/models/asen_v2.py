"""ASENet_V2: attribute-specific embedding network, advanced version (Ma et al., AAAI 2020, arXiv:2002.02814)."""

from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import Constants, Encoded, Maps, OneBackboneModel, unit
from fashionsdk_training.models.parts import (
    AttentionHead,
    AttributeBranch,
    Backbone,
    ChannelAttention,
    Size,
    SpatialAttention,
)


class ASENetV2(OneBackboneModel):
    """Spatial attention pools the feature map per attribute, channel attention gates the pooled vector.

    Differs from ASEN in a learnt vector per attribute that both attentions transform, batch-normalised keys, scores
    that are scaled inner products, and no last layer: an embedding has as many dimensions as the map has channels.

    Args:
        config: backbone and sizes.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std, Backbone(config.backbone, config.stage, drop_path, input))
        common, vector, channels = config.common_dimension, config.attribute_dimension, self.channels
        self.attribute_embedding = nn.Embedding(attributes, vector)
        self.attribute_branch = AttributeBranch(vector, common)
        spatial = SpatialAttention(channels, common, norm=True)
        channel = ChannelAttention(channels, vector, config.hidden_dimension)
        self.attention_head = AttentionHead(spatial, channel, None)

    @property
    def dimension(self) -> int:
        """D, the backbone's channel count."""
        return self.channels

    def constants(self) -> Constants:
        """Return queries ``(A, M)`` and the attributes' parts of the gate ``(A, hidden)``."""
        channel = self.attention_head.channel
        assert channel is not None, "ASENet_V2 has both attentions"
        query, part = self.attribute_branch(self.attribute_embedding.weight, channel)
        return query, part

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map ``(B, C, h, w)`` for all attributes; ``needed`` is ignored."""
        vectors, attention = self.attention_head(*features, *constants)
        return Encoded(unit(vectors), attention)
