"""Attribute-aware attention, for all attributes at once.

Ma et al., AAAI 2020, arXiv:2002.02814, sections 3.2 and 3.3; Dong et al., IEEE TIP 2021, arXiv:2104.02429, section III.
Letters: B batch, A attributes, C channels, h w feature map, M common dimension, E attribute dimension, D embedding.
Queries and attribute parts are ``(A, ...)``, the same for every image, or ``(B, A, ...)``, each image's own.
"""

import math

import torch
from torch import Tensor, nn


class SpatialAttention(nn.Module):
    """Where to look for each attribute, "ASA" in the paper: a softmax over positions of query times key.

    Args:
        channels: C.
        common: M.
        norm: whether keys are batch-normalised, as in ASENet_V2.
        bounded: whether scores get a bias and pass through tanh, as in ASEN. Attention at two positions then differs
            by a factor of e^2 at most.
    """

    def __init__(self, channels: int, common: int, *, norm: bool = False, bounded: bool = False) -> None:
        super().__init__()
        self.image_transform = nn.Conv2d(channels, common, 1)
        self.image_norm = nn.BatchNorm2d(common) if norm else nn.Identity()
        self.bias = nn.Parameter(torch.zeros(1)) if bounded else None

    def forward(self, features: Tensor, query: Tensor) -> Tensor:
        """Return attention ``(B, A, h*w)`` of features ``(B, C, h, w)`` for queries of M numbers."""
        keys = torch.tanh(self.image_norm(self.image_transform(features)))  # (B, M, h, w)
        scores = query @ keys.flatten(2)  # (A, M) @ (B, M, h*w) -> (B, A, h*w)
        scores = scores.float() if self.bias is None else torch.tanh(scores.float() + self.bias)
        return torch.softmax(scores, dim=-1)


class ChannelAttention(nn.Module):
    """Which channels matter for each attribute, "ACA" in the paper: a gate in 0..1 per channel.

    The first layer takes ``[x; v]``, pooled features and an attribute's vector. It splits into an image's share and an
    attribute's share, which does not depend on the image.
    """

    def __init__(self, channels: int, attribute_dimension: int, hidden: int) -> None:
        super().__init__()
        self.channels = channels
        self.reduce = nn.Linear(channels + attribute_dimension, hidden)  # fc1
        self.expand = nn.Linear(hidden, channels)  # fc2

    def attribute_part(self, vectors: Tensor) -> Tensor:
        """Return the attributes' share ``(A, hidden)`` for their vectors v, ``(A, E)``."""
        return nn.functional.linear(vectors, self.reduce.weight[:, self.channels :], self.reduce.bias)

    def forward(self, pooled: Tensor, attribute_part: Tensor) -> Tensor:
        """Return the gate ``(B, A, C)`` for pooled features ``(B, A, C)``."""
        image_part = nn.functional.linear(pooled, self.reduce.weight[:, : self.channels])
        return torch.sigmoid(self.expand(torch.relu(image_part + attribute_part)))


class AttentionHead(nn.Module):
    """Pool a feature map per attribute, gate the pooled channels, project.

    Args:
        spatial: how to pool; None takes the mean over positions ("without ASA").
        channel: how to gate; None leaves the channels as they are ("without ACA").
        project: the last layer, "feature_fc", or None as in ASENet_V2.
    """

    def __init__(
        self, spatial: SpatialAttention | None, channel: ChannelAttention | None, project: nn.Linear | None
    ) -> None:
        super().__init__()
        self.spatial, self.channel, self.project = spatial, channel, project

    def forward(self, features: Tensor, query: Tensor, attribute_part: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return vectors ``(B, A, D)``, not of unit length, and attention ``(B, A, h, w)`` or None."""
        attention = None
        if self.spatial is None:
            pooled = features.mean(dim=(2, 3))[:, None].expand(-1, query.shape[-2], -1)  # (B, A, C)
        else:
            weights = self.spatial(features, query)
            pooled = weights @ features.flatten(2).transpose(1, 2)  # (B, A, h*w) @ (B, h*w, C) -> (B, A, C)
            attention = weights.unflatten(2, features.shape[2:])
        gated = pooled if self.channel is None else pooled * self.channel(pooled, attribute_part)
        return gated if self.project is None else self.project(gated), attention


class AttributeBranch(nn.Module):
    """From the attributes' learnt vectors to the inputs of both attentions (ASENet_V2 and ASEN++).

    Args:
        attribute_dimension: E.
        common: M.
    """

    def __init__(self, attribute_dimension: int, common: int) -> None:
        super().__init__()
        self.spatial = nn.Linear(attribute_dimension, common)  # attr_transform1
        self.channel = nn.Linear(attribute_dimension, attribute_dimension)  # attr_transform2

    def forward(self, vectors: Tensor, attention: ChannelAttention) -> tuple[Tensor, Tensor]:
        """Return queries ``(A, M)``, divided by sqrt(M), and parts of the gate ``(A, hidden)`` for ``(A, E)``."""
        query = torch.tanh(self.spatial(vectors)) / math.sqrt(self.spatial.out_features)
        return query, attention.attribute_part(torch.relu(self.channel(vectors)))
