"""A network with its attribute branch folded into constants: one pass embeds every attribute.

The attribute branch does not depend on the image, so at inference its outputs are constants: spatial queries, the
attributes' share of the channel attention's hidden layer, masks.
"""

import torch
from torch import Tensor, nn

from fashionsdk_training.models import AttributeModel


class StaticModel(nn.Module):
    """Any of the networks, in the form that is exported.

    Args:
        model: the trained network, in eval mode. It does not change; parameters are shared.
    """

    def __init__(self, model: AttributeModel) -> None:
        super().__init__()
        self.model = model
        with torch.no_grad():
            constants = model.constants()
        self.count = len(constants)
        for index, constant in enumerate(constants):
            self.register_buffer(f"constant{index}", constant.detach().clone())

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map uint8 images ``(B, H, W, 3)`` to embeddings ``(B, A, D)`` and, if there is any, attention."""
        pixels = self.model.normalise(images)
        constants = tuple(getattr(self, f"constant{index}") for index in range(self.count))
        encoded = self.model.head(self.model.features(pixels), pixels, constants)
        return (encoded.embeddings,) if encoded.attention is None else (encoded.embeddings, encoded.attention)


def fuse(model: AttributeModel) -> StaticModel:
    """Return the static form of ``model``."""
    static = StaticModel(model)
    return static.eval()
