"""A linear probe: one linear classifier per attribute on features of a network that is not trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fashionsdk.attributes import Attribute
from fashionsdk.values import Posterior, ValueSpace


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """One linear classifier per attribute on the same features. F features, V values of all attributes together.

    Attributes:
        attributes: the A attributes.
        mean: float32 ``(F,)``, subtracted from the features.
        deviation: float32 ``(F,)``; the difference is divided by it.
        weight: float32 ``(V, F)``: a row per value, attribute after attribute.
        bias: float32 ``(V,)``. A value without training photos has one so low that its probability is 0.
    """

    attributes: tuple[Attribute, ...]
    mean: Tensor
    deviation: Tensor
    weight: Tensor
    bias: Tensor

    def rows(self, attribute: int) -> slice:
        """Return which rows of ``weight`` and ``bias`` are the values of an attribute."""
        counts = [len(each.values) for each in self.attributes]
        return slice(sum(counts[:attribute]), sum(counts[: attribute + 1]))

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors by the attributes' names."""
        return {"mean": self.mean, "deviation": self.deviation, "weight": self.weight, "bias": self.bias}

    def probabilities(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Return, per attribute, the probabilities ``(N, V_a)`` of its values given features ``(N, F)``."""
        standardised = (torch.from_numpy(features) - self.mean) / self.deviation
        logits = torch.addmm(self.bias, standardised, self.weight.T)
        rows = (self.rows(a) for a in range(len(self.attributes)))
        return tuple(logits[:, part].softmax(dim=1).numpy() for part in rows)

    def value_space(self, question_power: float = 1.0) -> ValueSpace:
        """Return where `embeddings` hold the probabilities; photos ask with them to the ``question_power``."""
        posterior = Posterior(0, 1.0, None, question_power)
        return ValueSpace(self.attributes, {each.name: posterior for each in self.attributes})

    def embeddings(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return unit vectors ``(N, A, D)`` whose inner products compare photos by their probabilities.

        They are the square roots of the probabilities, so the inner product is the Bhattacharyya coefficient. D is the
        largest number of values; shorter vectors end in zeros.
        """
        return padded([np.sqrt(each) for each in self.probabilities(features)])


def padded(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return arrays ``(N, D_a)`` as one ``(N, A, D)``; shorter rows end in zeros, which changes no inner product."""
    widest = max(each.shape[1] for each in vectors)
    return np.stack([np.pad(each, ((0, 0), (0, widest - each.shape[1]))) for each in vectors], axis=1)
