"""What an embedder returns and a matcher searches: vectors with their attributes and their model's digest."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.values import ValueSpace


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Unit-length embeddings of N images for A attributes.

    Attributes:
        vectors: float32 ``(N, A, D)``, each of length 1.
        attributes: the A attribute names, in the order of ``vectors``' second axis.
        model: digest of the model that made them; only embeddings with the same digest can be compared.
        attention: float32 ``(N, A, h, w)``, where the model looked (sums to 1 over h, w), or ``None``.
        values: the values that the vectors tell apart, or ``None`` if they hold no probabilities.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    vectors: NDArray[np.float32]
    attributes: tuple[str, ...]
    model: str
    attention: NDArray[np.float32] | None = None
    values: ValueSpace | None = None

    def __post_init__(self) -> None:
        """Check the shapes against each other."""
        if self.vectors.ndim != 3 or self.vectors.shape[1] != len(self.attributes):
            raise ValueError(
                f"vectors have shape {self.vectors.shape}; expected (N, {len(self.attributes)}, D) "
                f"for the attributes {', '.join(self.attributes)}"
            )
        if self.attention is not None and self.attention.shape[:2] != self.vectors.shape[:2]:
            raise ValueError(f"attention has shape {self.attention.shape}; expected {self.vectors.shape[:2]} + (h, w)")

    def __repr__(self) -> str:
        names = ", ".join(self.attributes)
        attention = "" if self.attention is None else ", attention {} x {}".format(*self.attention.shape[2:])
        images = f"{len(self)} image{'' if len(self) == 1 else 's'}"
        return f"Embeddings({images}, {names}, dimension {self.dimension}, model {self.model[:12]}{attention})"

    def __len__(self) -> int:
        """Return N, the number of images."""
        return len(self.vectors)

    def __getitem__(self, attribute: str) -> NDArray[np.float32]:
        """Return one attribute's embeddings, float32 ``(N, D)``; a view.

        Raises:
            TypeError: not a name.
            ValueError: the attribute is unknown.
        """
        if not isinstance(attribute, str):
            raise TypeError(
                f"index is {type(attribute).__name__}; expected an attribute's name, or use .vectors[i] for image i"
            )
        (index,) = select(self.attributes, attribute)
        return self.vectors[:, index]

    __iter__ = None  # else Python would try the indices 0, 1, ...

    @property
    def dimension(self) -> int:
        """D, the length of one vector."""
        return int(self.vectors.shape[2])

    def probabilities(self, attribute: str) -> NDArray[np.float32]:
        """Return how probably each image shows each of the attribute's values: float32 ``(N, V)``, calibrated.

        Raises:
            ValueError: the attribute is unknown, or the model tells no values of it apart.
        """
        vectors = self[attribute]
        if self.values is None:
            raise ValueError(
                "these embeddings hold no probabilities of values; train with a recipe that has posteriors"
            )
        return self.values.probabilities(vectors, attribute)

    def select(self, attributes: str | Iterable[str]) -> "Embeddings":
        """Return the same images' embeddings for fewer attributes.

        Raises:
            ValueError: an attribute is unknown.
        """
        index = list(select(self.attributes, attributes))
        return Embeddings(
            vectors=self.vectors[:, index],
            attributes=tuple(self.attributes[i] for i in index),
            model=self.model,
            attention=None if self.attention is None else self.attention[:, index],
            values=self.values,
        )
