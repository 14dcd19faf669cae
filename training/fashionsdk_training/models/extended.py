"""Attributes that a trained network learnt later, each with parameters of its own."""

import torch
from torch import Tensor, nn

from fashionsdk_training.models.backbone import Backbone
from fashionsdk_training.models.base import AttributeModel, Constants, Encoded, unit


class AddedAttribute(nn.Module):
    """One attribute on another network's feature map: attention, then a linear layer on standardised features.

    Args:
        channels: C, of the feature map.
        dimension: D, of the embedding.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        self.score = nn.Linear(channels, 1, bias=False)
        self.project = nn.Linear(channels, dimension)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors ``(B, 1, D)`` of unit length and attention ``(B, 1, h, w)`` of a map ``(B, C, h, w)``."""
        positions = (features.flatten(2).transpose(1, 2) - self.mean) / self.deviation  # (B, h*w, C)
        attention = torch.softmax(self.score(positions).float(), dim=1).transpose(1, 2)  # (B, 1, h*w)
        vectors = unit(self.project(attention @ positions))
        return vectors, attention.reshape(*attention.shape[:2], *features.shape[2:])


class ExtendedModel(AttributeModel):
    """A network and the attributes added to it.

    The first network's arithmetic is left exactly as it is, so its embeddings do not change by a bit: added attributes
    share its feature map and nothing else.

    Args:
        base: the network.
        added: how many attributes were added.
    """

    def __init__(self, base: AttributeModel, added: int) -> None:
        super().__init__(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
        self.mean.copy_(base.mean)
        self.std.copy_(base.std)
        self.base = base
        self.added = nn.ModuleList(AddedAttribute(base.channels, base.dimension) for _ in range(added))

    @property
    def channels(self) -> int:
        """C, the first network's."""
        return self.base.channels

    @property
    def dimension(self) -> int:
        """D, the first network's."""
        return self.base.dimension

    def backbones(self) -> list[Backbone]:
        """Return the first network's."""
        return self.base.backbones()

    def constants(self) -> Constants:
        """Return the first network's; an added attribute has parameters only."""
        return self.base.constants()

    def features(self, pixels: Tensor) -> Tensor:
        """Return the first network's feature map."""
        return self.base.features(pixels)

    def head(self, features: Tensor, pixels: Tensor, constants: Constants, wanted: Tensor | None = None) -> Encoded:
        """Embed a feature map for the first network's attributes, then for the added ones.

        A network without spatial attention stays without: the added attributes' attention is then left out.
        """
        known = wanted if wanted is None else wanted[:, : wanted.shape[1] - len(self.added)]
        base = self.base.head(features, pixels, constants, known)
        vectors, maps = zip(*(added(features) for added in self.added), strict=True)
        attention = None if base.attention is None else torch.cat([base.attention, *maps], dim=1)
        return Encoded(torch.cat([base.embeddings, *vectors], dim=1), attention)
