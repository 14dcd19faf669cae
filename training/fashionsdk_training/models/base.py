"""What every network has in common: uint8 images in, all attributes' embeddings out."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fashionsdk_training.config import Colour
from fashionsdk_training.models.backbone import Backbone


class Encoded(NamedTuple):
    """A network's output.

    Attributes:
        embeddings: float32 ``(B, A, D)``, unit length.
        attention: float32 ``(B, A, h, w)``, or None for a network without spatial attention.
    """

    embeddings: Tensor
    attention: Tensor | None


class AttributeModel(nn.Module, ABC):
    """A network that embeds images for A attributes from one backbone pass.

    ``mean`` and ``std`` are buffers in units of 0..255, so preprocessing travels with the model.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Colour, std: Colour) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255)

    def forward(self, images: Tensor) -> Encoded:
        """Embed uint8 images ``(B, S, S, 3)``."""
        return self.encode(self.normalise(images))

    def normalise(self, images: Tensor) -> Tensor:
        """Map uint8 ``(B, S, S, 3)`` to float32 ``(B, 3, S, S)`` with the backbone's mean and deviation."""
        pixels = images.float().permute(0, 3, 1, 2)  # cast first: TensorRT accepts uint8 only at the input
        return (pixels - self.mean) / self.std

    @abstractmethod
    def encode(self, pixels: Tensor) -> Encoded:
        """Embed normalised float32 pixels ``(B, 3, S, S)``."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """D, the length of one embedding."""

    @abstractmethod
    def backbones(self) -> list[Backbone]:
        """Parts that start from pretrained weights; they usually learn slower than the rest."""
