"""An example of what to look for: a photo, a stored item or values, and which attributes count how much."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from types import MappingProxyType
from typing import Any

from fashionsdk.embeddings import Embeddings


@dataclass(frozen=True, eq=False)
class Example:
    """What answers shall be like, or shall stay away from.

    An item's score is the sum, over all examples of a query and their attributes, of weight times cosine.

    Attributes:
        photo: Q photos' embeddings, one for each of Q queries, or one photo for all queries; ``None`` with ``keys``.
        by: attribute -> weight. One attribute's name alone has the weight 1; ``None`` is the only attribute that
            there is. A negative weight stays away.
        keys: instead of ``photo``: stored items by their keys, likewise Q or one; a string is one key.
        value: instead of ``photo``: attribute -> the value that answers shall probably show, one for all queries. Its
            attributes are those to search by unless ``by`` has their weights.

    Raises:
        TypeError: not one of ``photo``, ``keys`` and ``value`` is given, or one is of another type.
        ValueError: no attribute or key is given, or a weight is zero or not finite.
    """

    photo: Embeddings | None = None
    by: str | Mapping[str, float] | None = None
    keys: str | Sequence[str] | None = None
    value: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Check the parts, and keep copies that nobody changes."""
        if sum(part is not None for part in (self.photo, self.keys, self.value)) > 1:
            raise TypeError("an example has several of a photo, keys and values; expected one of them")
        if self.keys is not None:
            object.__setattr__(self, "keys", _checked_keys(self.keys))
        elif self.value is not None:
            object.__setattr__(self, "value", MappingProxyType(checked_values(self.value, "value")))
        else:
            check_embeddings(self.photo, "query")
        by = self.by if self.by is not None or self.value is None else dict.fromkeys(self.value, 1.0)
        object.__setattr__(self, "by", None if by is None else MappingProxyType(checked_weights(by)))
        if self.value is not None and set(self.weights(())) != set(self.value):
            raise ValueError(
                f"by names {', '.join(self.weights(()))} and value {', '.join(self.value)}; expected the same"
            )

    def __len__(self) -> int:
        """Return how many photos or items it holds."""
        if self.value is not None:
            return 1
        return len(self.photo) if self.photo is not None else len(self.keys or ())

    def weights(self, attributes: Sequence[str]) -> Mapping[str, float]:
        """Return attribute -> weight, where ``attributes`` are the gallery's.

        Raises:
            ValueError: no attribute was named, and there are several.
        """
        if self.by is not None:
            assert not isinstance(self.by, str), "made a mapping when the example was made"
            return self.by
        names = self.photo.attributes if self.photo is not None else tuple(attributes)
        if len(names) != 1:
            whose = "query" if self.photo is not None else "gallery"
            raise ValueError(f"the {whose} holds {', '.join(names)}; say which attribute to search by")
        return {names[0]: 1.0}


def check_embeddings(value: object, name: str) -> None:
    """Check that an embedder returned the argument ``name``.

    Raises:
        TypeError: the value is not `Embeddings`.
    """
    if not isinstance(value, Embeddings):
        raise TypeError(f"{name} is {type(value).__name__}; expected Embeddings, as embedder.embed returns")


def checked_weights(by: object) -> dict[str, float]:
    """Return attribute -> weight as plain floats; a name alone has the weight 1.

    Raises:
        TypeError: these are no weights by name.
        ValueError: there are none, or one is zero or not finite.
    """
    expected = "expected an attribute's name, or weights such as {'neckline': 0.7, 'sleeve length': 0.3}"
    if isinstance(by, str):
        return {by: 1.0}
    if not isinstance(by, Mapping) or not all(isinstance(name, str) for name in by):
        raise TypeError(f"by is {by!r:.100}; {expected}")
    if not by:
        raise ValueError(f"by is empty; {expected}")
    return {name: _weight(name, weight) for name, weight in by.items()}


def checked_values(given: object, name: str) -> dict[str, str]:
    """Return attribute -> value.

    Raises:
        TypeError: these are no values by attribute.
        ValueError: there are none.
    """
    expected = "expected values by attribute, such as {'neckline': 'v'}"
    if not isinstance(given, Mapping) or not all(isinstance(part, str) for pair in given.items() for part in pair):
        raise TypeError(f"{name} is {given!r:.100}; {expected}")
    if not given:
        raise ValueError(f"{name} is empty; {expected}")
    return dict(given)


def _weight(name: str, value: Any) -> float:
    if isinstance(value, bool) or not (isinstance(value, Real) or hasattr(value, "__float__")):
        raise TypeError(f"the weight of {name!r} is {value!r:.60}; expected a number")
    weight = float(value)
    if not math.isfinite(weight) or weight == 0:
        raise ValueError(f"the weight of {name!r} is {weight}; expected a finite number other than 0")
    return weight


def _checked_keys(keys: object) -> tuple[str, ...]:
    given = (keys,) if isinstance(keys, str) else keys
    if not isinstance(given, Sequence) or not all(isinstance(key, str) for key in given):
        raise TypeError(f"keys is {type(keys).__name__}; expected an item's key, or a list of keys")
    return tuple(given)
