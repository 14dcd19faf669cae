"""A network with its attribute branch folded into constants: one pass, every attribute, nothing computed twice.

The attribute branch never looks at the image, so at inference its outputs are constants: the spatial queries and the
attribute's share of the channel attention's hidden layer.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils import fuse_conv_bn_eval

from fashionsdk_training.models import ASENetV2, AttributeModel


class StaticASENetV2(nn.Module):
    """ASENet_V2 for a fixed list of attributes.

    Args:
        model: the trained network, in eval mode; it is left as it is, parameters are shared.
        attributes: positions of the attributes to keep, in the order of the output.
    """

    query: Tensor
    attribute_part: Tensor

    def __init__(self, model: ASENetV2, attributes: Iterable[int]) -> None:
        super().__init__()
        with torch.no_grad():
            vectors = model.attribute_embedding.weight[list(attributes)]
            self.register_buffer("query", model.spatial.query(vectors))
            self.register_buffer("attribute_part", model.channel.attribute_part(vectors))
        self.model = model
        self.keys = fuse_conv_bn_eval(model.spatial.image_transform, model.spatial.image_norm)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map uint8 images ``(B, S, S, 3)`` to embeddings ``(B, A, D)`` and attention ``(B, A, h, w)``."""
        features = self.model.backbone(self.model.normalise(images))  # (B, C, h, w)
        scores = self.query @ torch.tanh(self.keys(features)).flatten(2)  # (A, M) @ (B, M, h*w) -> (B, A, h*w)
        attention = torch.softmax(scores, dim=-1)
        pooled = attention @ features.flatten(2).transpose(1, 2)  # (B, A, h*w) @ (B, h*w, C) -> (B, A, C)
        gated = pooled * self.model.channel.gate(pooled, self.attribute_part)
        embeddings = nn.functional.normalize(gated, dim=-1)
        return embeddings, attention.reshape(*attention.shape[:2], *features.shape[2:])


def fuse(model: AttributeModel, attributes: Iterable[int]) -> nn.Module:
    """Return the static form of ``model`` for the attributes at these positions.

    Raises:
        TypeError: there is no static form of this network.
    """
    if isinstance(model, ASENetV2):
        return StaticASENetV2(model, attributes).eval()
    raise TypeError(f"no static form of {type(model).__name__}; expected ASENetV2")
