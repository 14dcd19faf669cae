"""A gallery's items into another one, in a way that can be broken off and taken up again."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from fashionsdk.search._stored_items import StoredItems

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
        known = target.known(batch.keys) if existing == "skip" else set[str]()
        rows = [row for row, key in enumerate(batch.keys) if key not in known]
        if rows:
            target.put(batch if len(rows) == len(batch.keys) else batch.at(rows), replace=existing == "replace")
        yield len(batch.keys), len(rows)
