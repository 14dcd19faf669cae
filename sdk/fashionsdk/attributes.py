"""An attribute and the names of its values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """A property that items can share, such as ``neckline``; ``values`` holds its value names in label order.

    Raises:
        ValueError: the name or a value is blank, or a value is named twice.
    """

    name: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check that names are not blank and values differ."""
        if not self.name.strip():
            raise ValueError("an attribute has a blank name; expected a name such as 'neckline'")
        if any(not value.strip() for value in self.values):
            raise ValueError(f"attribute {self.name!r} has a blank value name")
        if len(set(self.values)) != len(self.values):
            raise ValueError(f"attribute {self.name!r} names a value twice: {', '.join(self.values)}")


def select(names: Sequence[str], chosen: str | Iterable[str] | None) -> tuple[int, ...]:
    """Return the positions in ``names`` of the attributes ``chosen``: one name, several, or ``None`` for all.

    Raises:
        TypeError: ``chosen`` holds something else than names.
        ValueError: a name is unknown, or none is given.
    """
    if chosen is None:
        return tuple(range(len(names)))
    if not isinstance(chosen, Iterable):
        raise TypeError(f"attributes is {chosen!r}; expected a name, several, or None for all")
    chosen = [chosen] if isinstance(chosen, str) else list(chosen)
    if not chosen:
        raise ValueError(f"no attribute given; expected some of {', '.join(names)}, or None for all")
    if unknown := [name for name in chosen if name not in names]:
        raise ValueError(f"unknown attribute {', '.join(map(repr, unknown))}; expected {', '.join(names)}")
    return tuple(names.index(name) for name in chosen)
