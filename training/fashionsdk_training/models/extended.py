"""Attributes added to a trained network, each with its own parameters."""

import torch
from torch import Tensor, nn

from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, Maps, ValuePlace
from fashionsdk_training.models.wrapper import Wrapper

BANDS = 5  # R, the best of 1 to 5 on held-out attributes (docs/decisions/new-attribute.md)
MOST_VALUES = 256  # more than any attribute of the papers' data sets has
SHARPNESS = 4.0  # factor of the logits: with few photos, regularisation makes probabilities too even


class AddedAttribute(nn.Module):
    """One attribute on another network's feature map: a linear classifier, whose probabilities are the embedding.

    The map is averaged over R horizontal bands, because a garment's parts lie above each other in a photo and a mirror
    changes nothing. The embedding is ``sqrt(p)``, p the probabilities of the attribute's values, so the inner product
    of two embeddings is the Bhattacharyya coefficient: how likely both photos show the same value. Number v belongs to
    the attribute's v-th value; the rest are zero.

    Args:
        channels: C, of the feature map.
        dimension: D, of the embedding.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        self.dimension, self.values = dimension, min(dimension, MOST_VALUES)
        self.register_buffer("mean", torch.zeros(BANDS, channels))
        self.register_buffer("deviation", torch.ones(BANDS, channels))
        self.classify = nn.Linear(BANDS * channels, self.values)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return vectors ``(B, 1, D)`` of unit length and attention ``(B, 1, h, w)`` of a map ``(B, C, h, w)``."""
        roots = self.embed(pool_bands(features))
        vectors = nn.functional.pad(roots, (0, self.dimension - self.values))
        attention = torch.softmax(self.evidence(features, roots.square()).flatten(1), dim=-1)
        return vectors[:, None], attention.reshape(-1, 1, *features.shape[2:])

    def embed(self, bands: Tensor) -> Tensor:
        """Return ``sqrt(p)``, float32 ``(B, V)``, of band averages ``(B, R, C)``."""
        logits = self.classify(((bands - self.mean) / self.deviation).flatten(1)).float()
        return torch.softmax(SHARPNESS * logits, dim=-1).sqrt()

    def evidence(self, features: Tensor, probabilities: Tensor) -> Tensor:
        """Return each position's contribution to the likely values, ``(B, h, w)``: where the classifier looks.

        Classification is linear in positions, so this is a class activation map (Zhou et al., arXiv:1512.04150), here
        of all values weighted by their ``probabilities`` ``(B, V)``. Its mean over positions is the logit with the same
        weights, without the bias.
        """
        height, width = features.shape[2:]
        weights = (probabilities @ self.classify.weight).reshape(-1, *self.mean.shape) / self.deviation  # (B, R, C)
        offset = (weights * self.mean).sum(dim=-1)[:, :, None]
        scores = (weights @ features.flatten(2) - offset).reshape(-1, BANDS, height, width)
        share = height * features.new_tensor(band_weights(height))  # (R, h), of mean 1
        return torch.sum(scores * share[:, :, None], dim=1)


def pool_bands(features: Tensor) -> Tensor:
    """Return the averages ``(B, R, C)`` of a map ``(B, C, h, w)`` over R bands of equal height."""
    rows = features.mean(dim=3).transpose(1, 2)  # (B, h, C)
    return features.new_tensor(band_weights(features.shape[2])) @ rows


def band_weights(height: int) -> list[list[float]]:
    """Return the weight of each of ``height`` rows in each band, ``(R, h)``; a row may be in two bands."""
    thickness = height / BANDS
    return [[_overlap(row, band * thickness, thickness) / thickness for row in range(height)] for band in range(BANDS)]


def _overlap(row: int, top: float, thickness: float) -> float:
    return max(0.0, min(top + thickness, row + 1) - max(top, row))


class ExtendedModel(Wrapper):
    """A network and the attributes added to it.

    The first network's arithmetic does not change, so its embeddings stay equal to the bit. The added attributes share
    only its feature map.

    Args:
        base: the network.
        added: how many attributes were added.
    """

    def __init__(self, base: AttributeModel, added: int) -> None:
        super().__init__(base)
        self.added = nn.ModuleList(AddedAttribute(base.channels, base.dimension) for _ in range(added))

    def value_places(self) -> dict[int, ValuePlace]:
        """Return the first network's places and those of the added attributes, which are the last ones."""
        added = dict.fromkeys(range(-len(self.added), 0), ValuePlace(0, SHARPNESS))
        return {**self.base.value_places(), **added}

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map for the first network's attributes, then for the added ones.

        Without spatial attention in the first network there is none here: the added attributes' attention is left out.
        """
        known = needed if needed is None else needed[:, : needed.shape[1] - len(self.added)]
        base, joined = self.base.head(features, pixels, constants, known), self.joined(features)
        vectors, maps = zip(*(added(joined) for added in self.added), strict=True)
        attention = None if base.attention is None else torch.cat([base.attention, *maps], dim=1)
        return Encoded(torch.cat([base.embeddings, *vectors], dim=1), attention)
