"""From a service's JSON to typed values. Fields that a newer service adds are passed over."""

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from fashionsdk.client._answers import (
    Found,
    FoundMatch,
    ItemPage,
    ServedAttribute,
    ServedModel,
    StoredItem,
    Written,
)
from fashionsdk.embeddings import Embeddings
from fashionsdk.errors import ServiceError
from fashionsdk.values import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

T = TypeVar("T")


def read_json(response: "httpx.Response", read: "Callable[[dict[str, Any]], T]", request_id: str) -> T:
    """Return what ``read`` makes of an answer.

    Raises:
        ServiceError: it is none of the service's.
    """
    try:
        return read(response.json())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        detail = "the answer is not one of this service; is the address right, and the client as new as the service?"
        raise ServiceError(response.status_code, "unknown", detail, request_id) from error


def found(said: dict[str, Any]) -> Found:
    """Read the answers of a search."""
    return Found(
        tuple(_match(each) for each in said["matches"]),
        tuple(said["attributes"]),
        said["model"],
        said["next_offset"],
        tuple(said["notes"]),
    )


def embeddings(said: dict[str, Any]) -> Embeddings:
    """Read one photo's vectors, ``(1, A, D)``; shorter ones end in zeros."""
    rows = {name: np.asarray(row, np.float32) for name, row in said["embeddings"].items()}
    lengths = tuple(len(row) for row in rows.values())
    longest = max(lengths)
    vectors = np.stack([np.pad(row, (0, longest - len(row))) for row in rows.values()])[None]
    return Embeddings(vectors, tuple(rows), said["model"], lengths=lengths if len(set(lengths)) > 1 else None)


def predictions(said: dict[str, Any]) -> dict[str, Prediction]:
    """Read what a photo probably shows."""
    return {
        name: Prediction(each["value"], each["probability"], dict(each["probabilities"]), each["applies"])
        for name, each in said["predictions"].items()
    }


def served_model(said: dict[str, Any]) -> ServedModel:
    """Read what the model knows."""
    attributes = tuple(
        ServedAttribute(each["name"], tuple(each["values"]), each["dimension"], each["predicted"])
        for each in said["attributes"]
    )
    return ServedModel(said["model"], attributes, said["attention"])


def stored_item(said: dict[str, Any]) -> StoredItem:
    """Read a stored item."""
    return StoredItem(said["key"], dict(said["metadata"]), frozenset(said["lacks"]), said["picture"])


def item_page(said: dict[str, Any]) -> ItemPage:
    """Read some of the items."""
    return ItemPage(tuple(map(stored_item, said["items"])), said["count"], said["next_offset"])


def written(said: dict[str, Any]) -> Written:
    """Read how many items were written."""
    return Written(said["written"], said["count"])


def _match(said: dict[str, Any]) -> FoundMatch:
    return FoundMatch(said["key"], said["score"], dict(said["scores"]), dict(said["metadata"]), said["picture"])
