"""Embeddings that contain the probabilities of an attribute's values beside the network's own embedding."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from fashionsdk_training.config import ModelConfig
from fashionsdk_training.models.attribute_model import AttributeModel, Constants, Encoded, Maps, ValuePlace
from fashionsdk_training.models.wrapper import Wrapper

NEVER = -1e4  # a logit whose probability is 0, also in half precision


class PosteriorModel(Wrapper):
    """A network whose embedding is ``[sqrt(1 - w) e ; sqrt(w) sqrt(p)]``.

    e is the inner network's embedding, p the probabilities of the attribute's V values: a softmax over the cosines of e
    to the values' proxies, which training learns and usually drops. ``sqrt(p)`` has unit length, and the inner
    product of two of them is the Bhattacharyya coefficient of two distributions: how likely both photos show the same
    value. So a similarity depends on the value first, then on the looks (``docs/decisions/posteriors.md``).

    Args:
        base: the network.
        values: how many values each attribute has.
        scale: factor of the cosines.
        weight: w, of the probabilities, 0 to 1.
    """

    proxies: Tensor
    absent: Tensor

    def __init__(self, base: AttributeModel, values: Sequence[int], scale: float, weight: float) -> None:
        super().__init__(base)
        self.scale, self.weight, self.most = scale, weight, max(values)
        self.register_buffer("proxies", torch.zeros(len(values), self.most, base.dimension))
        absent = torch.arange(self.most) >= torch.tensor(values)[:, None]  # (A, V)
        self.register_buffer("absent", absent * NEVER, persistent=False)

    @property
    def dimension(self) -> int:
        """D, the inner network's and a number for each value of the attribute that has most."""
        return self.base.dimension + self.most

    def value_places(self) -> dict[int, ValuePlace]:
        """Return the places behind the inner network's embedding."""
        return dict.fromkeys(range(len(self.proxies)), ValuePlace(self.base.dimension, 1.0))

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map as the inner network does, and add the probabilities."""
        encoded = self.base.head(features, pixels, constants, needed)
        looks = encoded.embeddings  # (B, A, D')
        cosines = (self.proxies @ looks[..., None]).squeeze(-1)  # (A, V, D') @ (B, A, D', 1) -> (B, A, V)
        roots = torch.softmax(self.scale * cosines + self.absent, dim=-1).sqrt()
        joined = torch.cat([math.sqrt(1 - self.weight) * looks, math.sqrt(self.weight) * roots], dim=-1)
        return encoded._replace(embeddings=joined)


def with_posteriors(
    config: ModelConfig, state: Mapping[str, Tensor], proxies: Sequence[Tensor]
) -> tuple[ModelConfig, dict[str, Tensor]]:
    """Return the settings and parameters of a trained network with its proxies ``(V, D)``, one for each attribute."""
    values = tuple(max(1, len(rows)) for rows in proxies)  # a column without values gets one that is always there
    padded = torch.zeros(len(values), max(values), proxies[0].shape[1])
    for a, rows in enumerate(proxies):
        padded[a, : len(rows)] = nn.functional.normalize(rows.float(), dim=-1)
    outer = {"mean": state["mean"].clone(), "std": state["std"].clone(), "proxies": padded}
    return replace(config, values=values), outer | {f"base.{key}": value for key, value in state.items()}
