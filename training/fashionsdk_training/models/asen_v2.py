"""ASENet_V2: attribute-specific embedding network, advanced version (Ma et al., AAAI 2020, arXiv:2002.02814)."""

from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attention import ChannelAttention, SpatialAttention
from fashionsdk_training.models.backbone import Backbone
from fashionsdk_training.models.base import AttributeModel, Encoded


class ASENetV2(AttributeModel):
    """Spatial attention pools the feature map per attribute, channel attention gates the pooled vector.

    Unlike the original program, which runs once per (image, attribute), all attributes share one backbone pass.
    An embedding has as many dimensions as the backbone's feature map has channels.

    Args:
        config: backbone and sizes.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0) -> None:
        super().__init__(config.mean, config.std)
        common = config.common_dimension
        self.backbone = Backbone(config.backbone, config.stage, drop_path)
        channels = self.backbone.channels
        self.attribute_embedding = nn.Embedding(attributes, common)
        self.spatial = SpatialAttention(channels, common, common)
        self.channel = ChannelAttention(channels, common, common)

    @property
    def dimension(self) -> int:
        """D, the backbone's channel count."""
        return self.backbone.channels

    def backbones(self) -> list[Backbone]:
        """Return the one backbone."""
        return [self.backbone]

    def encode(self, pixels: Tensor) -> Encoded:
        """Embed normalised float32 pixels ``(B, 3, S, S)``."""
        return self.head(self.backbone(pixels))

    def head(self, features: Tensor) -> Encoded:
        """Embed a feature map ``(B, C, h, w)``."""
        attributes = self.attribute_embedding.weight  # (A, M)
        attention = self.spatial(features, attributes)  # (B, A, h*w)
        pooled = attention @ features.flatten(2).transpose(1, 2)  # (B, A, h*w) @ (B, h*w, C) -> (B, A, C)
        gated = (pooled * self.channel(pooled, attributes)).float()
        return Encoded(nn.functional.normalize(gated, dim=-1), attention.unflatten(2, features.shape[2:]))
