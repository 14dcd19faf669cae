"""A gallery's items into another one, in a way that can be broken off and taken up again."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from fashionsdk.search._stored_items import StoredItems
from fashionsdk.search.stores import Items

Existing: TypeAlias = Literal["skip", "replace", "raise"]


def copy_items(source: StoredItems, target: StoredItems, *, existing: Existing = "skip") -> Iterator[tuple[int, int]]:
    """Copy all items, some at a time; yield how many were read and written after each.

    Whatever was yielded is in ``target``. What was not is copied by the next call, which with ``existing="skip"`` reads
    again but writes only what is missing.

    Args:
        source: whose items to copy, as they are now.
        target: where to. Its codec may be another.
        existing: whether an item whose key is there is left out, replaced, or an error.

    Raises:
        ValueError: a key is there, and ``existing`` is ``"raise"``.
        GalleryError: the galleries' vectors do not compare, or one cannot be read or written.
    """
    target.contract.check(source.contract, what="the gallery to copy", codec=False)
    for batch in source.batches():
        yield len(batch.keys), put_items(batch, target, existing)


def put_items(items: Items, target: StoredItems, existing: Existing) -> int:
    """Put items into a gallery, of several with one key the first; return how many were written.

    Args:
        items: of a model whose vectors compare with the gallery's.
        target: the gallery. Its codec may be another.
        existing: whether an item whose key is there is left out, replaced, or an error.

    Raises:
        ValueError: a key is there, and ``existing`` is ``"raise"``.
        GalleryError: the gallery cannot be read or written.
    """
    known = target.known(items.keys) if existing == "skip" else set[str]()
    first = {key: row for row, key in reversed([*enumerate(items.keys)]) if key not in known}
    if rows := sorted(first.values()):
        target.put(items if len(rows) == len(items.keys) else items.at(rows), replace=existing == "replace")
    return len(rows)
