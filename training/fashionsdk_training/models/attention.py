"""Attribute-aware attention of ASENet_V2, for all attributes at once.

Ma et al., AAAI 2020, arXiv:2002.02814, sections 3.2 and 3.3; the "advanced version" of the authors' program.
Letters: B batch, A attributes, C channels, h w feature map, M common dimension.
"""

import math

import torch
from torch import Tensor, nn


class SpatialAttention(nn.Module):
    """Where to look for each attribute, "ASA" in the paper.

    The softmax, over positions, of the scaled product of a transformed attribute vector with transformed features.
    """

    def __init__(self, channels: int, attribute_dimension: int, common_dimension: int) -> None:
        super().__init__()
        self.attribute_transform = nn.Linear(attribute_dimension, common_dimension)  # attr_transform1
        self.image_transform = nn.Conv2d(channels, common_dimension, 1)  # conv1
        self.image_norm = nn.BatchNorm2d(common_dimension)  # img_bn1

    def query(self, attributes: Tensor) -> Tensor:
        """Return each attribute's query, ``(A, M)``, already divided by sqrt(M)."""
        query = torch.tanh(self.attribute_transform(attributes))
        return query / math.sqrt(query.shape[-1])

    def attend(self, features: Tensor, query: Tensor) -> Tensor:
        """Return attention ``(B, A, h*w)`` of features ``(B, C, h, w)`` for queries ``(A, M)``."""
        keys = torch.tanh(self.image_norm(self.image_transform(features)))  # (B, M, h, w)
        scores = query @ keys.flatten(2)  # (A, M) @ (B, M, h*w) -> (B, A, h*w)
        return torch.softmax(scores.float(), dim=-1)

    def forward(self, features: Tensor, attributes: Tensor) -> Tensor:
        """Return attention ``(B, A, h*w)`` of features ``(B, C, h, w)`` for attribute vectors ``(A, E)``."""
        return self.attend(features, self.query(attributes))


class ChannelAttention(nn.Module):
    """Which channels matter for each attribute, "ACA" in the paper: a gate in 0..1 per channel."""

    def __init__(self, channels: int, attribute_dimension: int, hidden: int) -> None:
        super().__init__()
        self.attribute_transform = nn.Linear(attribute_dimension, attribute_dimension)  # attr_transform2
        self.reduce = nn.Linear(channels + attribute_dimension, hidden)  # fc1
        self.expand = nn.Linear(hidden, channels)  # fc2

    def attribute_part(self, attributes: Tensor) -> Tensor:
        """Return the attribute's share of the hidden layer, ``(A, hidden)``: ``reduce([p, a])`` splits in two."""
        transformed = torch.relu(self.attribute_transform(attributes))
        weight = self.reduce.weight[:, -transformed.shape[-1] :]
        return nn.functional.linear(transformed, weight, self.reduce.bias)

    def gate(self, pooled: Tensor, attribute_part: Tensor) -> Tensor:
        """Return the gate ``(B, A, C)`` for pooled features ``(B, A, C)`` and ``attribute_part``."""
        image_part = nn.functional.linear(pooled, self.reduce.weight[:, : pooled.shape[-1]])
        return torch.sigmoid(self.expand(torch.relu(image_part + attribute_part)))

    def forward(self, pooled: Tensor, attributes: Tensor) -> Tensor:
        """Return the gate ``(B, A, C)`` for pooled features ``(B, A, C)`` and attribute vectors ``(A, E)``."""
        return self.gate(pooled, self.attribute_part(attributes))
