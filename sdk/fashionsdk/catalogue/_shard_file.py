"""A shard: one Parquet file of keys, metadata and vectors, which appears whole or not at all."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk.errors import GalleryError
from fashionsdk.search import Contract
from fashionsdk.search.scan import decoded, encoded, stored_dtype
from fashionsdk.search.stores import Items

ENTRY = b"fashionsdk"  # of the file's own metadata
KEY, METADATA = "key", "metadata"
FORMAT_VERSION = 1


@dataclass(frozen=True)
class ShardInfo:
    """What a shard says about itself.

    Attributes:
        contract: what its vectors come from, and how they are stored.
        start: the first row of the table that belongs to it.
        stop: the row behind its last.
        embedded: items in it.
        failed: rows whose photo could not be read.
    """

    contract: Contract
    start: int
    stop: int
    embedded: int
    failed: int


class ShardWriter:
    """Writes the items of one shard, some at a time."""

    def __init__(self, file: Any, contract: Contract) -> None:
        self._contract = contract
        self._schema = _schema(contract)
        self._writer = pq.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, keys: Sequence[str], vectors: Mapping[str, Any], metadata: Sequence[Mapping[str, Any]]) -> None:
        """Write items: vectors are float32 ``(N, D_a)`` by attribute."""
        columns = [pa.array(keys, pa.string()), pa.array([json.dumps(entry) for entry in metadata], pa.string())]
        for name, length in self._contract.dimensions.items():
            stored = np.ascontiguousarray(encoded(self._contract.codec, vectors[name]))
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(stored.reshape(-1)), length))
        self._writer.write_batch(pa.record_batch(columns, schema=self._schema))

    def finish(self, info: ShardInfo) -> None:
        """Write what the shard says about itself, and end the file."""
        described = {
            "format": FORMAT_VERSION,
            "contract": info.contract.to_json(),
            **{name: getattr(info, name) for name in ("start", "stop", "embedded", "failed")},
        }
        self._writer.add_key_value_metadata({ENTRY: json.dumps(described).encode()})
        self._writer.close()


@contextmanager
def writing_shard(path: Path, contract: Contract) -> Iterator[ShardWriter]:
    """Yield a writer; the file is at ``path``, on disk, when the block has ended without an error, and not before.

    Raises:
        OSError: it cannot be written.
    """
    with replacing(path) as file:
        yield ShardWriter(file, contract)


def read_info(path: Path) -> ShardInfo:
    """Return what a shard says about itself.

    Raises:
        GalleryError: it is missing, damaged, or no shard.
    """
    try:
        with pq.ParquetFile(path) as file:
            value = json.loads((file.metadata.metadata or {})[ENTRY])
            rows = file.metadata.num_rows
        if value.pop("format") != FORMAT_VERSION:
            raise ValueError(f"it is of another format than {FORMAT_VERSION}")
        info = ShardInfo(**{**value, "contract": Contract.from_json(value["contract"])})
        if info.embedded != rows:
            raise ValueError(f"it holds {rows} items; expected {info.embedded}")
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise GalleryError(f"{path} is no whole shard: {error}; remove it, and embed it again") from error
    return info


def read_shard(path: Path, count: int = 2000) -> Iterator[Items]:
    """Yield the items of a shard, at most ``count`` at a time.

    Raises:
        GalleryError: it is missing, damaged, or no shard.
    """
    info = read_info(path)
    contract = info.contract
    if not info.embedded:  # Arrow before 20 cannot read a file without rows
        return
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(count):
                yield _items(batch, contract)
    except (pa.ArrowException, OSError) as error:
        raise GalleryError(f"{path} is damaged: {error}; remove it, and embed it again") from error


def _items(batch: pa.RecordBatch, contract: Contract) -> Items:
    vectors = {}
    for name, length in contract.dimensions.items():
        flat = batch.column(_column(name)).flatten().to_numpy(zero_copy_only=False)
        vectors[name] = decoded(contract.codec, flat.reshape(batch.num_rows, length))
    metadata = [json.loads(text) for text in batch.column(METADATA).to_pylist()]
    return Items(batch.column(KEY).to_pylist(), vectors, metadata)


def _schema(contract: Contract) -> pa.Schema:
    kind = pa.from_numpy_dtype(stored_dtype(contract.codec))
    fields = [pa.field(KEY, pa.string(), nullable=False), pa.field(METADATA, pa.string(), nullable=False)]
    for name, length in contract.dimensions.items():
        fields.append(pa.field(_column(name), pa.list_(pa.field("item", kind), length)))
    return pa.schema(fields)


def _column(attribute: str) -> str:
    return f"vectors/{attribute}"
