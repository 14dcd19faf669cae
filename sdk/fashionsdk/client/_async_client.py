"""The client for programs that do other things while they wait: every method is to be awaited."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Literal, Unpack

from fashionsdk.client import _item_calls, _questions
from fashionsdk.client._answers import Found, FoundMatch, ItemPage, ServedModel, StoredItem, Written
from fashionsdk.client._call import Call
from fashionsdk.client._item_calls import NewItem
from fashionsdk.client._photos import Photo
from fashionsdk.client._questions import Names, SearchOptions
from fashionsdk.client._sending import AsyncSender
from fashionsdk.embeddings import Embeddings
from fashionsdk.search import Condition
from fashionsdk.search.stores import JSON
from fashionsdk.values import Prediction


class AsyncClient(AsyncSender):
    """A service that ``fashionsdk serve`` runs, as typed methods to be awaited in one event loop of asyncio. Needs
    ``fashionsdk[client]``.

    Arguments, answers and errors are those of `Client`. Photos are read in a thread. A call that is cancelled is not
    sent again, and the service stops working on it.

    ``async with AsyncClient(...) as client:`` closes it at the end, and so does `aclose`. It cannot be pickled.

    Args:
        address, api_key, timeout, retries, upload_bytes, authorities: as for `Client`.

    Raises:
        FashionSDKError: HTTPX is not installed.
        OSError: ``authorities`` cannot be read.
        TypeError: an argument is of another type.
        ValueError: an argument is out of its range.
    """

    async def search(
        self, photo: Photo | None = None, *, timeout: float | None = None, **options: Unpack[SearchOptions]
    ) -> Found:
        """Return the items most like a photo, an item, values, or examples; see `Matcher.search`.

        Args:
            photo: a photo; or else one of the first three options.
            timeout: seconds.
            options: ``key`` of a stored item, ``value``, attribute -> value that items shall show, ``examples``, or
                none of them with a photo; ``by``, an attribute or weights; ``change``, attribute -> other value; ``k``
                and ``offset``, together up to 1000; ``where``, text or a condition; ``require``, ``least``,
                ``group_by``, ``exclude``, a list of keys, ``exclude_self``, ``exclude_same``, ``own``.
        """
        return await self._run(partial(_questions.search, photo, **options), timeout)

    async def matches(
        self, photo: Photo | None = None, *, timeout: float | None = None, **options: Unpack[SearchOptions]
    ) -> AsyncIterator[FoundMatch]:
        """Yield the answers of a search one by one, up to the 1000 best; each ``k`` of them are a request.

        Items that are written meanwhile may be missed, or come twice.

        Args:
            photo: as for `search`.
            timeout: seconds for each page.
            options: as for `search`.
        """
        call: Call[Found] | None = await asyncio.to_thread(_questions.search, photo, **options)
        while call is not None:
            found = await self._send(call, timeout)
            for match in found.matches:
                yield match
            call = _questions.next_page(call, found)

    async def rerank(
        self,
        photo: Photo,
        keys: Sequence[str],
        attribute: str,
        *,
        k: int | None = None,
        on_unknown: Literal["raise", "skip"] = "raise",
        timeout: float | None = None,
    ) -> Found:
        """Return another search's results, by their keys, in order of one attribute; see `Matcher.rerank`."""
        return await self._run(partial(_questions.rerank, photo, keys, attribute, k, on_unknown), timeout)

    async def embed(self, photo: Photo, attributes: Names = None, *, timeout: float | None = None) -> Embeddings:
        """Return one photo's vectors, float32 ``(1, A, D)``: of one attribute, several, or ``None`` for all."""
        return await self._run(partial(_questions.embed, photo, attributes), timeout)

    async def predict(
        self, photo: Photo, attributes: Names = None, *, unknown_below: float = 0.0, timeout: float | None = None
    ) -> dict[str, Prediction]:
        """Return what a photo probably shows, by attribute; see `Embedder.predict`."""
        return await self._run(partial(_questions.predict, photo, attributes, unknown_below), timeout)

    async def attention(self, photo: Photo, attribute: str, *, side: int = 448, timeout: float | None = None) -> bytes:
        """Return the photo under the model's attention, a PNG file of at most ``side`` pixels a side, 32 to 1024."""
        return await self._run(partial(_questions.attention, photo, attribute, side), timeout)

    async def item(self, key: str, *, timeout: float | None = None) -> StoredItem:
        """Return a stored item; a `NotFoundError` says that there is none."""
        return await self._run(partial(_item_calls.item, key), timeout)

    async def page(
        self,
        offset: int = 0,
        limit: int = 20,
        *,
        where: str | Condition | None = None,
        timeout: float | None = None,
    ) -> ItemPage:
        """Return some of the items, up to 100, in the gallery's order, or of those that meet a condition."""
        return await self._run(partial(_item_calls.page, offset, limit, where), timeout)

    async def items(
        self, *, where: str | Condition | None = None, timeout: float | None = None
    ) -> AsyncIterator[StoredItem]:
        """Yield all items, or those that meet a condition, from pages; what is written meanwhile may be missed."""
        call: Call[ItemPage] | None = _item_calls.page(0, _item_calls.PAGE, where)
        while call is not None:
            found = await self._send(call, timeout)
            for item in found.items:
                yield item
            call = _item_calls.next_page(call, found)

    async def picture(
        self, key: str, *, side: int = 320, attribute: str | None = None, timeout: float | None = None
    ) -> bytes:
        """Return an item's photo as a JPEG file or, with an attribute, under the model's attention as a PNG file."""
        return await self._run(partial(_item_calls.picture, key, side, attribute), timeout)

    async def add(self, items: Iterable[NewItem], *, replace: bool = False, timeout: float | None = None) -> Written:
        """Add items by their photos, or put them in the place of those with their keys.

        Many become several requests. Each writes all its items or none. If one fails, a note on the error says how many
        items were written before.

        Args:
            items: any number; they are drawn and read as they are sent.
            replace: whether items whose keys are stored take the place of those.
            timeout: seconds for each request.
        """
        return await self._write(_item_calls.additions(items, replace, self._connection.upload_bytes), timeout)

    async def put(
        self,
        key: str,
        photo: Photo,
        *,
        metadata: Mapping[str, JSON] | None = None,
        lacks: Sequence[str] = (),
        timeout: float | None = None,
    ) -> Written:
        """Add an item by its photo, or put it in the place of the one with its key."""
        return await self._run(partial(_item_calls.put, NewItem(key, photo, metadata or {}, lacks)), timeout)

    async def update(self, changes: Mapping[str, Mapping[str, JSON]], *, timeout: float | None = None) -> Written:
        """Set fields of items' metadata, such as price and stock, by key; many become several requests as in `add`."""
        return await self._write(_item_calls.updates(changes, self._connection.upload_bytes), timeout)

    async def remove(self, keys: str | Iterable[str], *, timeout: float | None = None) -> Written:
        """Remove an item, or several; many become several requests as in `add`."""
        return await self._write(_item_calls.removals(keys, self._connection.upload_bytes), timeout)

    async def attributes(self, *, timeout: float | None = None) -> ServedModel:
        """Return what the model knows and the gallery can be searched by."""
        return await self._run(_questions.attributes, timeout)

    async def alive(self, *, timeout: float | None = None) -> bool:
        """Tell whether the service's process answers; asks once."""
        return await self._probe(_questions.alive, timeout)

    async def ready(self, *, timeout: float | None = None) -> bool:
        """Tell whether the service can answer questions; asks once."""
        return await self._probe(_questions.ready, timeout)

    async def metrics(self, *, timeout: float | None = None) -> str:
        """Return the service's counts and times in Prometheus' format."""
        return await self._run(_questions.metrics, timeout)

    async def reload(self, *, timeout: float | None = None) -> None:
        """Have the service read its bundle again; a `ConflictError` says that it does not fit. Needs an admin's key."""
        await self._run(_questions.reload, timeout)
