"""AG-MAN: attribute-guided multi-level attention network (Xiao and Yamasaki, 2023, arXiv:2301.13014)."""

import math

import torch
from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, Maps, pool, unit
from fashionsdk_training.models.parts import Backbone, ChannelAttention, MultiLevelBackbone, Size, first_masks


class AGMAN(AttributeModel):
    """Two levels of features, attention guided by the attribute, and a mask over the embedding.

    The original multiplies the map by each attribute's attention and then takes its mean and its maximum over
    channels. Attention is one number per position, so both follow from the map's own mean, maximum and minimum, without
    a map per attribute.

    Args:
        config: backbone and sizes; M, the common dimension, is also the embedding's.
        attributes: A, how many attributes.
        drop_path: probability of skipping a residual block in training.
        input: height and width of the images in pixels, for backbones that are built for a size; None for timm's.
    """

    def __init__(self, config: ModelConfig, attributes: int, drop_path: float = 0.0, input: Size | None = None) -> None:
        super().__init__(config.mean, config.std)
        common, vector = config.common_dimension, config.attribute_dimension
        self.backbone = MultiLevelBackbone(config.backbone, config.stage, drop_path, input)
        self.lift = nn.Sequential(
            nn.MaxPool2d(3, 2, 1), nn.Conv2d(self.backbone.lower_channels, self.backbone.channels, 1)
        )  # conv1_1
        self.classify = nn.Linear(self.backbone.top_channels, attributes)  # fc_embed
        self.level_gate, self.spatial_gate, self.channel_gate = (nn.Parameter(torch.ones(1)) for _ in range(3))
        self.reduce = nn.Conv2d(2 * self.backbone.channels, common, 1)  # conv1
        self.attribute_embedding = nn.Embedding(attributes, vector)
        self.spatial_transform = nn.Linear(vector, common)  # attr_transform1
        self.key_norm = nn.BatchNorm2d(common)  # img_bn1
        self.plain = nn.Conv2d(2, 1, 7, padding=3, bias=False)  # sa.conv1
        self.channel_transform = nn.Linear(vector, vector)  # attr_transform2
        self.channel = ChannelAttention(common, vector, config.hidden_dimension)
        self.masks = nn.Parameter(first_masks("prior", attributes, common))
        self._dimension = common

    @property
    def channels(self) -> int:
        """C, twice the backbone's: its own map and the joined one."""
        return 2 * self.backbone.channels

    @property
    def dimension(self) -> int:
        """D, which is M."""
        return self._dimension

    def backbones(self) -> list[Backbone]:
        """Return the one backbone."""
        return [self.backbone]

    def constants(self) -> Constants:
        """Return queries ``(A, M)``, the attributes' parts of the gate ``(A, hidden)`` and masks ``(A, M)``."""
        vectors = self.attribute_embedding.weight
        silu = nn.functional.silu
        query = silu(self.spatial_transform(vectors)) / math.sqrt(self._dimension)
        part = self.channel.attribute_part(silu(self.channel_transform(vectors)))
        return query, part, torch.relu(self.masks)

    def features(self, pixels: Tensor) -> Maps:
        """Return both levels' maps as one ``(B, C, h, w)``: the upper, then the upper plus the lifted lower."""
        lower, upper = self.backbone(pixels)
        return (torch.cat([upper, self.lift(lower) + upper], dim=1),)

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map for all attributes; ``needed`` is ignored."""
        (levels,), (query, part, masks) = features, constants
        joined = levels[:, self.backbone.channels :]
        logits = self.classify(pool(self.backbone.top(joined))).float()
        reduced = self.reduce(self.level_gate * levels)  # (B, M, h, w)
        attention = self._attend(reduced, query)  # (B, A, h, w)
        weights = attention * self._plain_gate(reduced, attention)
        pooled = weights.flatten(2) @ reduced.flatten(2).transpose(1, 2)  # (B, A, h*w) @ (B, h*w, M) -> (B, A, M)
        gated = pooled * (self.channel_gate * self.channel(pooled, part))
        return Encoded(unit(gated * masks), attention, logits)

    def _attend(self, reduced: Tensor, query: Tensor) -> Tensor:
        scores = query @ torch.tanh(self.key_norm(reduced)).flatten(2)  # (A, M) @ (B, M, h*w) -> (B, A, h*w)
        attention = self.spatial_gate * torch.softmax(scores.float(), dim=-1)
        return attention.reshape(*attention.shape[:2], *reduced.shape[2:])

    def _plain_gate(self, reduced: Tensor, attention: Tensor) -> Tensor:
        """Return the spatial gate ``(B, A, h, w)`` of the map times each attribute's attention."""
        mean, largest, smallest = (
            values[:, None] for values in (reduced.mean(dim=1), reduced.amax(dim=1), reduced.amin(dim=1))
        )  # (B, 1, h, w) each
        # The largest product is that of the largest value, or of the smallest where attention is negative.
        highest = attention.clamp(min=0) * largest + attention.clamp(max=0) * smallest
        maps = torch.stack([attention * mean, highest], dim=2).flatten(0, 1)  # (B*A, 2, h, w)
        return torch.sigmoid(self.plain(maps)).reshape(attention.shape)
