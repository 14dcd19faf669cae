"""What a service answers, as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass

from fashionsdk.attributes import Attribute
from fashionsdk.search import Match
from fashionsdk.search.stores import JSON


@dataclass(frozen=True)
class FoundMatch(Match):
    """One answer of a search.

    Attributes:
        picture: whether the service has a picture of the item.
    """

    picture: bool


@dataclass(frozen=True)
class Found:
    """The answers of a search, best first.

    Attributes:
        matches: the answers.
        attributes: what was compared.
        model: digest of the model.
        next_offset: offset of the next page, or ``None`` where no more can follow.
        notes: what to know of the answers, such as attributes that probably do not apply to the photo.
    """

    matches: tuple[FoundMatch, ...]
    attributes: tuple[str, ...]
    model: str
    next_offset: int | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ServedAttribute(Attribute):
    """One attribute that a gallery can be searched by.

    Attributes:
        dimension: D_a, the length of its vectors.
        predicted: whether its values can be asked for, and are predicted.
    """

    dimension: int
    predicted: bool


@dataclass(frozen=True)
class ServedModel:
    """What a service's model knows.

    Attributes:
        digest: of the model; only embeddings with the same digest can be compared.
        attributes: what the gallery can be searched by.
        attention: whether the model shows where it looks.
    """

    digest: str
    attributes: tuple[ServedAttribute, ...]
    attention: bool


@dataclass(frozen=True)
class StoredItem:
    """A stored item.

    Attributes:
        key: the item's key.
        metadata: a JSON object.
        lacks: attributes that it does not have.
        picture: whether the service has a picture of it.
    """

    key: str
    metadata: Mapping[str, JSON]
    lacks: frozenset[str]
    picture: bool


@dataclass(frozen=True)
class ItemPage:
    """Some of the items, in the gallery's order.

    Attributes:
        items: these.
        count: G, the number of items in the gallery.
        next_offset: offset of the next page, or ``None`` at the end.
    """

    items: tuple[StoredItem, ...]
    count: int
    next_offset: int | None


@dataclass(frozen=True)
class Written:
    """Items that were added, changed or removed, and are kept.

    Attributes:
        written: how many.
        count: G, the number of items afterwards.
    """

    written: int
    count: int
