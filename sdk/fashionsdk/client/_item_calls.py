"""Reading, adding, changing and removing items, as calls; what is too much for one request becomes several."""

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from fashionsdk.client import _reading
from fashionsdk.client._answers import ItemPage, StoredItem, Written
from fashionsdk.client._call import Call, json_text, of_key, reads
from fashionsdk.client._photos import Files, Photo, loaded
from fashionsdk.client._questions import condition_text
from fashionsdk.errors import FashionSDKError
from fashionsdk.photos import Cutout
from fashionsdk.search import Condition
from fashionsdk.search.stores import JSON

T = TypeVar("T")
ITEMS, PICTURES = "v1/items", "v1/pictures"
PAGE = 100  # items
MOST_PHOTOS, MOST_CHANGES, MOST_KEYS = 16, 1000, 10_000  # in one request, in any service


@dataclass(frozen=True)
class NewItem:
    """An item to add.

    Attributes:
        key: the item's key.
        photo: its photo.
        metadata: a JSON object.
        lacks: attributes that it does not have, as a skirt has no collar.
    """

    key: str
    photo: Photo
    metadata: Mapping[str, JSON] = field(default_factory=dict)
    lacks: Collection[str] = ()


def item(key: str) -> Call[StoredItem]:
    """Ask for an item."""
    return Call("GET", of_key(ITEMS, key), reads(_reading.stored_item))


def page(offset: int, limit: int, where: str | Condition | None) -> Call[ItemPage]:
    """Ask for some of the items."""
    text = condition_text(where)
    query: dict[str, str | int] = {"offset": offset, "limit": limit}
    return Call("GET", ITEMS, reads(_reading.item_page), query=query if text is None else {**query, "where": text})


def next_page(call: Call[ItemPage], found: ItemPage) -> Call[ItemPage] | None:
    """Return the call for the items after these, or ``None`` at the end."""
    if found.next_offset is None:
        return None
    return replace(call, query={**call.query, "offset": found.next_offset})


def picture(key: str, side: int, attribute: str | None) -> Call[bytes]:
    """Ask for an item's photo."""
    query: dict[str, str | int] = {"side": side} if attribute is None else {"side": side, "attribute": attribute}
    return Call("GET", of_key(PICTURES, key), lambda response, _: response.content, query=query)


def additions(items: Iterable[NewItem], replacing: bool, most_bytes: int) -> Iterator[Call[Written]]:
    """Yield calls that add items; their photos are read when it is their turn."""
    for several in _portions(map(_loaded, items), _size, MOST_PHOTOS, most_bytes):
        files = Files()
        entries = [_entry(each, files) for each in several]
        fields = {"items": entries, "replace": replacing}
        yield _write("POST", ITEMS, fields, files.by_name)


def put(item: NewItem) -> Call[Written]:
    """Ask to add an item, or to put it in the place of the one with its key."""
    files = Files()
    fields = _entry(item, files)
    return _write("PUT", of_key(ITEMS, fields.pop("key")), fields, files.by_name)


def updates(changes: Mapping[str, Mapping[str, JSON]], most_bytes: int) -> Iterator[Call[Written]]:
    """Yield calls that set fields of items' metadata."""
    for several in _portions(changes.items(), lambda pair: len(json_text(pair)), MOST_CHANGES, most_bytes):
        yield _write("PATCH", ITEMS, {"changes": dict(several)})


def removals(keys: str | Iterable[str], most_bytes: int) -> Iterator[Call[Written]]:
    """Yield calls that remove items."""
    if isinstance(keys, str):
        yield _write("DELETE", of_key(ITEMS, keys), None)
        return
    for several in _portions(keys, lambda key: len(json_text(key)), MOST_KEYS, most_bytes):
        yield _write("POST", "v1/removals", {"keys": several})


class Tally:
    """Adds up what several calls wrote."""

    def __init__(self) -> None:
        self._written = 0
        self._last: Written | None = None

    def add(self, written: Written) -> None:
        """Add what a call wrote."""
        self._written += written.written
        self._last = written

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Note on an error of the block what was written before."""
        try:
            yield
        except (FashionSDKError, ValueError, TypeError) as error:
            if self._last is not None:
                error.add_note(f"before it {self._written} items were written, which stay so")
            raise

    def total(self) -> Written:
        """Return the sum.

        Raises:
            ValueError: there was no call.
        """
        if self._last is None:
            raise ValueError("no item is given; expected at least one")
        return Written(self._written, self._last.count)


def _write(
    method: str, path: str, fields: Mapping[str, Any] | None, files: Mapping[str, bytes] | None = None
) -> Call[Written]:
    key = secrets.token_hex(16)
    return Call(method, path, reads(_reading.written), fields=fields, files=files or {}, key=key)


def _loaded(item: NewItem) -> NewItem:
    """Return an item with the bytes of its photo."""
    if not isinstance(item, NewItem):
        raise TypeError(f"an item is {type(item).__name__}; expected NewItem")
    return replace(item, photo=loaded(item.photo))


def _size(item: NewItem) -> int:
    source = item.photo.photo if isinstance(item.photo, Cutout) else item.photo
    assert isinstance(source, bytes), "photos are loaded before they are measured"
    return len(source) + len(json_text([item.key, item.metadata]))


def _entry(item: NewItem, files: Files) -> dict[str, Any]:
    lacks = [item.lacks] if isinstance(item.lacks, str) else list(item.lacks)
    return {"key": item.key, **files.fields(item.photo), "metadata": item.metadata, "lacks": lacks}


def _portions(things: Iterable[T], size: Callable[[T], int], most: int, most_bytes: int) -> Iterator[list[T]]:
    """Yield the things in lists of at most so many things and bytes; what is larger comes alone."""
    portion: list[T] = []
    held = 0
    for thing in things:
        more = size(thing)
        if portion and (len(portion) == most or held + more > most_bytes):
            yield portion
            portion, held = [], 0
        portion.append(thing)
        held += more
    if portion:
        yield portion
