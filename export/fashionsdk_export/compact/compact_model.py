"""A network whose embeddings are made shorter inside the graph."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from fashionsdk_training.models import AttributeModel, Constants, Encoded, Maps, ValuePlace, Wrapper


class Directions(nn.Module):
    """Shorter embeddings: probabilities of values as they are, then the other numbers along fewer directions.

    An embedding is ``[sqrt(w p) ; looks]`` in some order of its numbers. Of its D_a numbers here the first V are the
    roots, unchanged, so values are told apart as before. Behind them are the looks along L principal directions, as
    long as the looks were: the share of the probabilities in a similarity stays.

    Args:
        roots: for each attribute the places of its values' roots, none if it has none.
        directions: for each attribute ``(L_a, D)``, zeros at the places of roots.
    """

    matrix: Tensor
    looks: Tensor
    is_look: Tensor

    def __init__(self, roots: Sequence[Sequence[int]], directions: Sequence[Tensor]) -> None:
        super().__init__()
        lengths = [len(places) + len(rows) for places, rows in zip(roots, directions, strict=True)]
        attributes, dimension = len(directions), directions[0].shape[1]
        matrix = torch.zeros(attributes, max(lengths), dimension)
        looks, is_look = torch.ones(attributes, dimension), torch.zeros(attributes, max(lengths))
        for a, (places, rows) in enumerate(zip(roots, directions, strict=True)):
            matrix[a, range(len(places)), list(places)] = 1
            matrix[a, len(places) : lengths[a]] = rows
            looks[a, list(places)] = 0
            is_look[a, len(places) : lengths[a]] = 1
        self.lengths = tuple(lengths)
        self.register_buffer("matrix", matrix)  # (A, D', D)
        self.register_buffer("looks", looks)  # (A, D), which numbers are looks
        self.register_buffer("is_look", is_look)  # (A, D')

    def forward(self, embeddings: Tensor) -> Tensor:
        """Return embeddings ``(B, A, D)`` as ``(B, A, D')``, of length 1; shorter ones end in zeros."""
        numbers = (self.matrix @ embeddings[..., None]).squeeze(-1)  # (A, D', D) @ (B, A, D, 1)
        looks = numbers * self.is_look
        before = torch.linalg.vector_norm(embeddings * self.looks, dim=-1, keepdim=True)
        after = torch.linalg.vector_norm(looks, dim=-1, keepdim=True)
        made = numbers * (1 - self.is_look) + looks * (before / after.clamp_min(1e-12))
        whole: Tensor = made / torch.linalg.vector_norm(made, dim=-1, keepdim=True).clamp_min(1e-12)
        return whole


class CompactModel(Wrapper):
    """A network with compact embeddings.

    Args:
        base: the network.
        directions: what makes its embeddings shorter.
    """

    def __init__(self, base: AttributeModel, directions: Directions) -> None:
        super().__init__(base)
        self.directions = directions

    @property
    def dimension(self) -> int:
        """D', the length of the longest vector."""
        return max(self.directions.lengths)

    def value_places(self) -> dict[int, ValuePlace]:
        """Return the inner network's, with the roots at the first places."""
        return {position: place._replace(offset=0) for position, place in self.base.value_places().items()}

    def head(self, features: Maps, pixels: Tensor, constants: Constants, needed: Tensor | None = None) -> Encoded:
        """Embed a feature map as the inner network does, and make the embeddings shorter."""
        encoded = self.base.head(features, pixels, constants, needed)
        return encoded._replace(embeddings=self.directions(encoded.embeddings))

    def digest(self, model: str) -> str:
        """Return the digest of these embeddings, which are not those of the model with the digest ``model``."""
        matrix = self.directions.matrix.contiguous()
        described = f"{model} compact {tuple(matrix.shape)}".encode()
        return hashlib.sha256(described + matrix.numpy().tobytes()).hexdigest()
