"""Clients of the HTTP service: a typed method for each thing that can be asked, and what comes back.

`Client` waits for each answer, `AsyncClient` is awaited. Needs ``fashionsdk[client]``.
"""

from fashionsdk.client._answers import (
    Found,
    FoundMatch,
    ItemPage,
    ServedAttribute,
    ServedModel,
    StoredItem,
    Written,
)
from fashionsdk.client._async_client import AsyncClient
from fashionsdk.client._client import Client
from fashionsdk.client._errors import (
    AccessError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    UnavailableError,
)
from fashionsdk.client._item_calls import NewItem
from fashionsdk.client._photos import Photo
from fashionsdk.client._questions import QueryExample

__all__ = [
    "AccessError",
    "AsyncClient",
    "Client",
    "ConflictError",
    "Found",
    "FoundMatch",
    "InvalidRequestError",
    "ItemPage",
    "NewItem",
    "NotFoundError",
    "Photo",
    "QueryExample",
    "ServedAttribute",
    "ServedModel",
    "StoredItem",
    "UnavailableError",
    "Written",
]
