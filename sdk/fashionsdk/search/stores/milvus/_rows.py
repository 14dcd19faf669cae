"""Items as rows of a collection, and back."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.errors import GalleryError
from fashionsdk.search.scan import decoded, encoded
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._json_values import encode_json
from fashionsdk.search.stores._packing import key_bytes, present_rows
from fashionsdk.search.stores._store import JSON, Items
from fashionsdk.search.stores.milvus._conditions import fields_json
from fashionsdk.search.stores.milvus._state import REMOVAL

MOST_BYTES = 65_535  # of a text, and of a JSON value, in Milvus
MOST_DIMENSIONS = 32_768  # of a vector in Milvus
MOST_ATTRIBUTES = 48  # a collection has 64 fields at most, and each attribute is one
REMOVED_AT_ONCE = 3000  # ids in such a row, of 19 digits at most
SENT_BYTES = 4 * 2**20  # of rows in one message, about
COLUMNS = ("id", "place", "key", "metadata", "vector")


@dataclass(frozen=True, eq=False)
class Stored:
    """N rows as they were read.

    Attributes:
        ids: ``(N,)``.
        places: ``(N,)``; items are ordered by them.
        keys: of the items.
        metadata: as JSON text.
        vectors: attribute -> float32 ``(N, D_a)``.
    """

    ids: NDArray[np.int64]
    places: NDArray[np.int64]
    keys: Sequence[str]
    metadata: Sequence[str]
    vectors: Mapping[str, NDArray[np.float32]]

    @classmethod
    def read(cls, contract: Contract, rows: Sequence[Mapping[str, Any]]) -> "Stored":
        """Return rows of `COLUMNS`, in the order of their places."""
        ordered = sorted(rows, key=lambda row: row["place"])
        length = joined_length(contract)
        joined = np.array([row["vector"] for row in ordered], np.float32).reshape(len(ordered), length)
        return cls(
            np.array([row["id"] for row in ordered], np.int64),
            np.array([row["place"] for row in ordered], np.int64),
            [json.loads(row["key"]) for row in ordered],
            [row["metadata"] for row in ordered],
            _split(contract, joined),
        )

    def items(self, names: Sequence[str]) -> Items:
        """Return them as items."""
        vectors = {name: self.vectors[name] for name in names}
        return Items(list(self.keys), vectors, [json.loads(text) for text in self.metadata])


def joined_length(contract: Contract) -> int:
    """Return the length of an item's vectors, one after the other; newer servers take no vector of length 1."""
    return max(2, sum(contract.dimensions.values()))


def joined(contract: Contract, vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return vectors ``(N, D_a)`` by attribute one after the other, ``(N, D)``; zeros for those that are not given."""
    count = len(next(iter(vectors.values())))
    rows = np.zeros((count, joined_length(contract)), np.float32)
    start = 0
    for name, length in contract.dimensions.items():
        if name in vectors:
            rows[:, start : start + length] = vectors[name]
        start += length
    return rows


def rows_of(contract: Contract, items: Items, places: Sequence[int]) -> list[dict[str, Any]]:
    """Return the rows of items that have these places, without their ids.

    Raises:
        GalleryError: an item is larger than Milvus takes.
    """
    kept = {name: _kept(contract, items.vectors[name]) for name in contract.dimensions}
    there = [present_rows(kept[name]).tolist() for name in contract.dimensions]
    vectors = joined(contract, kept)
    rows = []
    for number, (key, entry) in enumerate(zip(items.keys, items.metadata, strict=True)):
        row = _row(key, entry, places[number])
        row |= {f"has{column}": here[number] for column, here in enumerate(there)}
        rows.append({**row, "vector": vectors[number]})
    return rows


def removal_rows(contract: Contract, removed: Sequence[int]) -> list[dict[str, Any]]:
    """Return rows that say that rows with these ids were replaced or removed; no search finds them."""
    row: dict[str, Any] = {"place": REMOVAL, "key_hash": 0, "key": "", "fields": {}}
    row |= {f"has{column}": False for column in range(len(contract.dimensions))}
    row |= {"vector": np.zeros(joined_length(contract), np.float32)}
    return [{**row, "metadata": json.dumps(list(removed[some]))} for some in slices(len(removed), REMOVED_AT_ONCE)]


def removed_ids(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return what `removal_rows` say."""
    return [each for row in rows for each in json.loads(row["metadata"])]


def parts_to_send(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Yield rows, as many at a time as fit in a message."""
    part: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        size += row["vector"].nbytes + 3 * (len(row["key"]) + len(row["metadata"])) + 200
        part.append(row)
        if size > SENT_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def key_hash(key: str) -> int:
    """Return what keys are looked up by; two keys may share one."""
    return int.from_bytes(hashlib.sha256(key_bytes(key)).digest()[:8], "big", signed=True)


def key_text(key: str) -> str:
    """Return a key as it is stored: in ASCII, whatever bytes a file's name has."""
    return json.dumps(key)


def _row(key: str, entry: Mapping[str, JSON], place: int) -> dict[str, Any]:
    texts = {"key": key_text(key), "metadata": encode_json(dict(entry)).decode("ascii")}
    fields = fields_json(entry)
    sizes = {name: len(text) for name, text in texts.items()}
    if 4 * sizes["metadata"] > MOST_BYTES:  # a longer copy, but never four times as long
        sizes["filters"] = len(encode_json(fields))
    for name, size in sizes.items():
        if size > MOST_BYTES:
            raise GalleryError(
                f"the {name} of {key!r:.80} take {size:,} bytes, expected at most {MOST_BYTES:,} in Milvus; keep long "
                "texts elsewhere, under the item's key"
            )
    return {"place": place, "key_hash": key_hash(key), **texts, "fields": fields}


def _kept(contract: Contract, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors as the contract's codec keeps them; those of int8 are int8 again when they are encoded again."""
    return decoded(contract.codec, encoded(contract.codec, vectors))


def _split(contract: Contract, joined: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    ends = np.cumsum(list(contract.dimensions.values())).tolist()
    lengths = contract.dimensions.items()
    return {
        name: np.ascontiguousarray(joined[:, end - length : end])
        for (name, length), end in zip(lengths, ends, strict=True)
    }
