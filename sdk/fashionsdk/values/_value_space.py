"""Where embeddings hold the probabilities of an attribute's values."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools import strict_json
from fashionsdk.attributes import Attribute, select
from fashionsdk.values._applicability import Applicability
from fashionsdk.values._temperature import tempered


@dataclass(frozen=True)
class Posterior:
    """Where one attribute's vectors hold roots of probabilities, and how they become calibrated.

    Attributes:
        offset: the place of the first value's root; the others follow in the order of the attribute's values.
        temperature: T: calibrated probabilities are ``p ** (1 / T)``, over their sum.
        applies: which photos have the attribute at all; ``None`` for all, as far as is known.
        question_power: a photo that is a question asks with ``p ** question_power``, over its sum; see
            `ValueSpace.question`.

    Raises:
        ValueError: a number is out of its range.
    """

    offset: int
    temperature: float
    applies: Applicability | None = field(default=None, metadata=strict_json.OPTIONAL)
    question_power: float = field(default=1.0, metadata=strict_json.OPTIONAL)

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.offset < 0 or not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(
                f"offset {self.offset}, temperature {self.temperature}; expected 0 or more, and a number above 0"
            )
        if not (math.isfinite(self.question_power) and self.question_power >= 1):
            raise ValueError(f"question_power is {self.question_power}; expected 1 or more")


class ValueSpace:
    """The values that a model's embeddings tell apart.

    An attribute's vector is ``[... sqrt(w p) ...]``: p are the probabilities of its values
    (``docs/decisions/posteriors.md``). So a vector that is 1 at a value's place, and 0 elsewhere, is nearest to the
    items that most probably show the value.

    Args:
        attributes: the model's attributes, with their values.
        posteriors: attribute -> where its vectors hold the probabilities; attributes without are left out.
    """

    def __init__(self, attributes: tuple[Attribute, ...], posteriors: Mapping[str, Posterior]) -> None:
        self._posteriors = dict(posteriors)
        self._values = {each.name: each.values for each in attributes if each.name in posteriors}

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(values)}" for name, values in self._values.items())
        return f"ValueSpace({counts})"

    @property
    def posteriors(self) -> Mapping[str, Posterior]:
        """Attribute -> where its vectors hold the probabilities."""
        return self._posteriors

    @property
    def values(self) -> Mapping[str, tuple[str, ...]]:
        """Attribute -> its values."""
        return self._values

    def probabilities(self, vectors: NDArray[np.float32], attribute: str) -> NDArray[np.float32]:
        """Return how probably each photo shows each value: float32 ``(N, V)``, rows that sum to 1.

        Args:
            vectors: the attribute's embeddings, float32 ``(N, D)``.
            attribute: its name.

        Raises:
            ValueError: the attribute is unknown, or the model has no probabilities for it.
        """
        posterior, count = self._posterior(attribute), len(self._values[attribute])
        squares = np.square(vectors[:, posterior.offset : posterior.offset + count], dtype=np.float64)
        return np.asarray(np.exp(tempered(squares, posterior.temperature)), np.float32)

    def needed(self, attribute: str) -> tuple[str, ...]:
        """Return the attributes whose vectors `applies` takes: one, or none if the attribute always applies.

        Raises:
            ValueError: the attribute is unknown.
        """
        applicability = self._posterior(attribute).applies
        return () if applicability is None or applicability.by not in self._values else (applicability.by,)

    def applies(self, vectors: NDArray[np.float32], attribute: str) -> NDArray[np.float32]:
        """Return how probably photos have an attribute at all: float32 ``(N,)``.

        Args:
            vectors: float32 ``(N, D)``, embeddings for the attribute that `needed` names.
            attribute: the attribute in question.

        Raises:
            ValueError: the attribute is unknown.
        """
        applicability = self._posterior(attribute).applies
        if applicability is None or applicability.by not in self._values:
            return np.ones(len(vectors), np.float32)
        shares = np.array([applicability.shares.get(value, 1.0) for value in self._values[applicability.by]])
        return np.asarray(self.probabilities(vectors, applicability.by) @ shares, np.float32)

    def question(self, vectors: NDArray[np.float32], attribute: str) -> NDArray[np.float32]:
        """Return the vectors that photos ask with: float32 ``(N, D)``, as long as the given ones.

        An item's vector says how sure the model is, so items that surely show a value are a little more like a question
        for it than unsure ones. A question that is as unsure itself would be most like other unsure items, whatever
        they show. So it asks for its probable values more than it believes in them (``docs/decisions/posteriors.md``).

        Args:
            vectors: the photos' embeddings for the attribute, float32 ``(N, D)``.
            attribute: its name; one whose values are not told apart asks as it is.
        """
        posterior = self._posteriors.get(attribute)
        if posterior is None or posterior.question_power == 1:
            return vectors
        places = slice(posterior.offset, posterior.offset + len(self._values[attribute]))
        roots = np.abs(vectors[:, places]).astype(np.float64)
        length = np.linalg.norm(roots, axis=1, keepdims=True)
        sharp = (roots / np.maximum(roots.max(axis=1, keepdims=True), 1e-30)) ** posterior.question_power
        asked = vectors.copy()
        asked[:, places] = sharp * (length / np.linalg.norm(sharp, axis=1, keepdims=True).clip(1e-30))
        return asked

    def vector(self, attribute: str, value: str, dimension: int) -> NDArray[np.float32]:
        """Return the vector ``(D,)`` of unit length that stands for a value.

        Raises:
            ValueError: the attribute or its value is unknown.
        """
        posterior = self._posterior(attribute)
        values = self._values[attribute]
        if value not in values:
            raise ValueError(f"{attribute} has no value {value!r:.60}; expected one of {', '.join(values)}")
        vector = np.zeros(dimension, np.float32)
        vector[posterior.offset + values.index(value)] = 1
        return vector

    def _posterior(self, attribute: str) -> Posterior:
        select(tuple(self._values), attribute)
        return self._posteriors[attribute]
