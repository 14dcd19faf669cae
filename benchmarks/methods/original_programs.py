"""The papers' programs as their authors run them: the whole network once per photo and attribute, in PyTorch.

ASEN and ASENet_V2 (Ma et al., AAAI 2020, arXiv:2002.02814) take photos with one attribute each and compute everything
inside ``forward``: the backbone, the attribute's branch, both attentions. These modules do the same with the parameters
of a network of this project, which they share, so they give its embeddings. Nothing is slower than it must be: where
the programs multiply elementwise and sum over positions, there are matrix products here.

Letters: B photos, C channels, h w feature map, M common dimension, E attribute dimension, D embedding.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from fashionsdk_training.models import ASEN, ASENetV2, AttributeModel, PosteriorModel
from fashionsdk_training.models.parts import ChannelAttention, SpatialAttention


class OriginalProgram(nn.Module, ABC):
    """One embedding ``(B, D)`` for normalised photos ``(B, 3, H, W)`` and attributes int64 ``(B,)``."""

    @abstractmethod
    def forward(self, pixels: Tensor, attribute: Tensor) -> Tensor:
        """Embed each photo for its attribute."""


class OriginalV2(OriginalProgram):
    """ASENet_V2."""

    def __init__(self, model: ASENetV2) -> None:
        super().__init__()
        self.backbone, self.table, self.branch = model.backbone, model.attribute_embedding, model.attribute_branch
        spatial, channel = model.attention_head.spatial, model.attention_head.channel
        assert spatial is not None, "ASENet_V2 has both attentions"
        assert channel is not None, "ASENet_V2 has both attentions"
        self.spatial, self.channel = spatial, channel

    def forward(self, pixels: Tensor, attribute: Tensor) -> Tensor:
        """Embed each photo for its attribute."""
        features = self.backbone(pixels)
        vector = self.table(attribute)  # (B, E)
        query = torch.tanh(self.branch.spatial(vector))  # (B, M)
        keys = torch.tanh(self.spatial.image_norm(self.spatial.image_transform(features)))  # (B, M, h, w)
        pooled = attend(features, query[:, None] @ keys.flatten(2) / math.sqrt(query.shape[1]))
        return nn.functional.normalize(pooled * gate(self.channel, pooled, torch.relu(self.branch.channel(vector))))


class OriginalASEN(OriginalProgram):
    """ASEN, and its ablations without one of the attentions."""

    def __init__(self, model: ASEN) -> None:
        super().__init__()
        self.model, self.head = model, model.attention_head

    def forward(self, pixels: Tensor, attribute: Tensor) -> Tensor:
        """Embed each photo for its attribute."""
        features, spatial, channel = self.model.backbone(pixels), self.head.spatial, self.head.channel
        one_hot = nn.functional.one_hot(attribute, self.model.attributes).float()  # (B, A)
        pooled = features.mean(dim=(2, 3)) if spatial is None else self._look(spatial, features, one_hot)
        if channel is not None:
            pooled = pooled * gate(channel, pooled, torch.relu(self.model.channel_table(one_hot)))
        assert self.head.project is not None, "ASEN ends with a linear layer"
        return nn.functional.normalize(self.head.project(pooled))

    def _look(self, spatial: SpatialAttention, features: Tensor, one_hot: Tensor) -> Tensor:
        assert spatial.bias is not None, "the scores of ASEN are bounded"
        query = torch.tanh(self.model.spatial_table(one_hot)) * self.model.score.weight  # (B, M)
        keys = torch.tanh(spatial.image_transform(features))  # (B, M, h, w)
        return attend(features, torch.tanh(query[:, None] @ keys.flatten(2) + spatial.bias))


class OriginalPosterior(OriginalProgram):
    """A network whose embedding carries the probabilities of the attribute's values, run the same way."""

    def __init__(self, model: PosteriorModel) -> None:
        super().__init__()
        self.base, self.model = original_program(model.base), model

    def forward(self, pixels: Tensor, attribute: Tensor) -> Tensor:
        """Embed each photo for its attribute."""
        looks = self.base(pixels, attribute)  # (B, D')
        cosines = (self.model.proxies[attribute] @ looks[:, :, None])[:, :, 0]  # (B, V)
        roots = torch.softmax(self.model.scale * cosines + self.model.absent[attribute], dim=-1).sqrt()
        weight = self.model.weight
        return torch.cat([math.sqrt(1 - weight) * looks, math.sqrt(weight) * roots], dim=-1)


def attend(features: Tensor, scores: Tensor) -> Tensor:
    """Return the sum over positions ``(B, C)`` of a map ``(B, C, h, w)``, weighted by scores ``(B, 1, h*w)``."""
    return (torch.softmax(scores, dim=-1) @ features.flatten(2).transpose(1, 2))[:, 0]


def gate(channel: ChannelAttention, pooled: Tensor, vector: Tensor) -> Tensor:
    """Return the gate ``(B, C)`` of the channel attention for pooled features ``(B, C)`` and vectors ``(B, E)``."""
    return torch.sigmoid(channel.expand(torch.relu(channel.reduce(torch.cat([pooled, vector], dim=1)))))


def original_program(model: AttributeModel) -> OriginalProgram:
    """Return ``model`` as the papers' programs would run it.

    Raises:
        ValueError: it is neither ASEN nor ASENet_V2.
    """
    if isinstance(model, PosteriorModel):
        return OriginalPosterior(model).eval()
    if isinstance(model, ASENetV2):
        return OriginalV2(model).eval()
    if isinstance(model, ASEN):
        return OriginalASEN(model).eval()
    raise ValueError(f"the original program is written for ASEN and ASENet_V2, not for {type(model).__name__}")
