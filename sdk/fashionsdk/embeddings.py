"""What an embedder returns and a matcher searches: vectors with their attributes and their model's digest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import select
from fashionsdk.values import ValueSpace


@dataclass(frozen=True, eq=False)
class Embeddings:
    """Unit-length embeddings of N images for A attributes.

    Attributes:
        vectors: float32 ``(N, A, D)``, each of length 1. Shorter vectors end in zeros.
        attributes: the A attribute names, in the order of ``vectors``' second axis.
        model: digest of the model that made them; only embeddings with the same digest can be compared.
        attention: float32 ``(N, A, h, w)``, where the model looked (sums to 1 over h, w), or ``None``.
        values: the values that the vectors tell apart, or ``None`` if they hold no probabilities.
        lengths: D_a, how many numbers an attribute's vectors have, if some have fewer than D; else ``None``.
        precisions: the precision of the graph that made them, then those of the model's other graphs, which were
            proved to rank alike; empty if it is not known.

    Raises:
        ValueError: the shapes do not fit each other.
    """

    vectors: NDArray[np.float32]
    attributes: tuple[str, ...]
    model: str
    attention: NDArray[np.float32] | None = None
    values: ValueSpace | None = None
    lengths: tuple[int, ...] | None = None
    precisions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the shapes against each other."""
        if self.vectors.ndim != 3 or self.vectors.shape[1] != len(self.attributes):
            raise ValueError(
                f"vectors have shape {self.vectors.shape}; expected (N, {len(self.attributes)}, D) "
                f"for the attributes {', '.join(self.attributes)}"
            )
        if self.lengths is not None and not (
            len(self.lengths) == len(self.attributes) and all(1 <= each <= self.dimension for each in self.lengths)
        ):
            raise ValueError(f"lengths are {self.lengths}; expected 1 to {self.dimension} for each attribute")
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
        """Return one attribute's embeddings, float32 ``(N, D_a)``; a view.

        Raises:
            TypeError: not a name.
            ValueError: the attribute is unknown.
        """
        if not isinstance(attribute, str):
            raise TypeError(
                f"index is {type(attribute).__name__}; expected an attribute's name, or use .vectors[i] for image i"
            )
        (index,) = select(self.attributes, attribute)
        return self.vectors[:, index, : None if self.lengths is None else self.lengths[index]]

    __iter__ = None  # else Python would try the indices 0, 1, ...

    @property
    def dimension(self) -> int:
        """D, the length of the longest vector."""
        return int(self.vectors.shape[2])

    @property
    def dimensions(self) -> Mapping[str, int]:
        """Attribute -> D_a, the length of its vectors."""
        lengths = self.lengths or (self.dimension,) * len(self.attributes)
        return dict(zip(self.attributes, lengths, strict=True))

    @classmethod
    def joined(cls, parts: Sequence["Embeddings"]) -> "Embeddings":
        """Return the images of several embeddings, at least one, of the same model and attributes, in their order."""
        first = parts[0]
        if len(parts) == 1:
            return first
        maps = [part.attention for part in parts if part.attention is not None]
        vectors = np.concatenate([part.vectors for part in parts])
        return replace(first, vectors=vectors, attention=np.concatenate(maps) if maps else None)

    def photo(self, index: int) -> "Embeddings":
        """Return one image's embeddings, copied: a view would keep all the others in memory."""
        attention = None if self.attention is None else self.attention[index : index + 1].copy()
        return replace(self, vectors=self.vectors[index : index + 1].copy(), attention=attention)

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

    def questions(self, attribute: str) -> NDArray[np.float32]:
        """Return the vectors that the images ask with, float32 ``(N, D_a)``: see `ValueSpace.question`.

        Raises:
            ValueError: the attribute is unknown.
        """
        vectors = self[attribute]
        return vectors if self.values is None else self.values.question(vectors, attribute)

    def select(self, attributes: str | Iterable[str]) -> "Embeddings":
        """Return the same images' embeddings for fewer attributes.

        Raises:
            ValueError: an attribute is unknown.
        """
        index = list(select(self.attributes, attributes))
        return replace(
            self,
            vectors=self.vectors[:, index],
            attributes=tuple(self.attributes[i] for i in index),
            attention=None if self.attention is None else self.attention[:, index],
            lengths=None if self.lengths is None else tuple(self.lengths[i] for i in index),
        )
