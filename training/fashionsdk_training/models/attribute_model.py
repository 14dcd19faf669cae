"""The base class of every network: uint8 images in, all attributes' embeddings out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from fashionsdk.attributes import Attribute
from fashionsdk.values import Posterior, ValueSpace
from fashionsdk_training.config import Colour
from fashionsdk_training.models.parts import Backbone, LevelsBackbone

Constants = tuple[Tensor, ...]
Maps = tuple[Tensor, ...]  # each (B, C, h, w), of one backbone pass; most networks have one

SHORTEST = 1e-12  # a norm below this divides as if it were this, as in torch.nn.functional.normalize


class Encoded(NamedTuple):
    """A network's output.

    Attributes:
        embeddings: float32 ``(B, A, D)``, unit length.
        attention: float32 ``(B, A, h, w)``, or None for a network without spatial attention.
        class_logits: float32 ``(B, A)``, whether a photo shows an attribute at all; AG-MAN only.
        logits: float32 ``(B, A, V)``, of the values of each attribute; CAM only.
        branches: the unit-length embeddings ``(B, A, D/2)`` that ``embeddings`` joins, global then local; ASEN++ only.
    """

    embeddings: Tensor
    attention: Tensor | None
    class_logits: Tensor | None = None
    branches: tuple[Tensor, Tensor] | None = None
    logits: Tensor | None = None


class ValuePlace(NamedTuple):
    """Where an attribute's embedding holds ``sqrt(w p)``, p the probabilities of its values.

    Attributes:
        offset: the first value's place.
        sharpness: factor of the logits that p is the softmax of; ``p ** (1 / sharpness)`` is the classifier's own.
        question_power: how much more a question asks for its probable values, see `fashionsdk.values.Posterior`.
    """

    offset: int
    sharpness: float
    question_power: float = 1.0


class AttributeModel(nn.Module, ABC):
    """A network that embeds images for A attributes from one backbone pass.

    Tensors that depend on the attributes alone are computed separately (``constants``), so an export can freeze them.
    ``mean`` and ``std`` are buffers in units of 0..255, so normalisation is part of the model.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Colour, std: Colour) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1) * 255)

    def value_space(self, attributes: Sequence[Attribute]) -> ValueSpace | None:
        """Return the values that embeddings tell apart, of these attributes; ``None`` if they hold no probabilities."""
        posteriors = {
            attributes[position].name: Posterior(place.offset, place.sharpness, None, place.question_power)
            for position, place in self.value_places().items()
            if attributes[position].values
        }
        return ValueSpace(tuple(attributes), posteriors) if posteriors else None

    def forward(self, images: Tensor, needed: Tensor | None = None) -> Encoded:
        """Embed uint8 images ``(B, H, W, 3)``; for ``needed`` see ``head``."""
        return self.encode(self.normalise(images), needed)

    def normalise(self, images: Tensor) -> Tensor:
        """Map uint8 ``(B, H, W, 3)`` to float32 ``(B, 3, H, W)`` with the backbone's mean and deviation."""
        pixels = images.float().permute(0, 3, 1, 2)  # cast first: TensorRT accepts uint8 only at the input
        return (pixels - self.mean) / self.std

    def encode(self, pixels: Tensor, needed: Tensor | None = None) -> Encoded:
        """Embed normalised float32 pixels ``(B, 3, H, W)``; for ``needed`` see ``head``."""
        return self.head(self.features(pixels), pixels, self.constants(), needed)

    @abstractmethod
    def constants(self) -> Constants:
        """Return the tensors that depend on the attributes alone."""

    @abstractmethod
    def features(self, pixels: Tensor) -> Maps:
        """Return the feature maps of normalised pixels ``(B, 3, H, W)``."""

    def joined(self, features: Maps) -> Tensor:
        """Return the feature maps as one, ``(B, C, h, w)``."""
        (only,) = features
        return only

    @abstractmethod
    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed feature maps.

        Args:
            features: the result of ``features(pixels)``.
            pixels: the pixels, for a network with a second backbone pass.
            constants: the result of ``constants()``.
            needed: bool ``(B, A)``, the embeddings that are needed, or None for all. A network where each attribute
                is expensive may return any finite numbers for the others.
        """

    @property
    @abstractmethod
    def channels(self) -> int:
        """C, the channels of ``joined``."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """D, the length of one embedding."""

    def value_places(self) -> dict[int, ValuePlace]:
        """Return where embeddings hold the probabilities of values, by the attribute's position; from the end below 0.

        Attributes whose embeddings hold none are left out.
        """
        return {}

    @abstractmethod
    def backbones(self) -> Sequence[Backbone | LevelsBackbone]:
        """Parts that start from pretrained weights; they usually learn slower than the rest."""


class OneBackboneModel(AttributeModel):
    """A network whose features are its one backbone's."""

    def __init__(self, mean: Colour, std: Colour, backbone: Backbone) -> None:
        super().__init__(mean, std)
        self.backbone = backbone

    @property
    def channels(self) -> int:
        """C, the backbone's channels."""
        return self.backbone.channels

    def backbones(self) -> list[Backbone]:
        """Return the one backbone."""
        return [self.backbone]

    def features(self, pixels: Tensor) -> Maps:
        """Return the backbone's feature map ``(B, C, h, w)``."""
        return (self.backbone(pixels),)


def pool(features: Tensor) -> Tensor:
    """Return the mean over positions, ``(B, C)``, of a feature map ``(B, C, h, w)``."""
    return features.mean(dim=(2, 3))


def unit(vectors: Tensor) -> Tensor:
    """Return float32 vectors of unit length along the last axis; a zero vector stays zero.

    The numbers are those of ``torch.nn.functional.normalize``, which expands the norms to the vectors' shape first. In
    an exported graph that is arithmetic on lengths, which GPUs leave to the CPU.
    """
    vectors = vectors.float()
    norms: Tensor = vectors.norm(dim=-1, keepdim=True)  # (..., 1)
    return vectors / norms.clamp(min=SHORTEST)
