"""Ways to search a gallery of several attributes: the SDK's stores, plain numpy, and libraries if installed."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk import Embeddings, Matcher
from fashionsdk.search import Contract, field
from fashionsdk.search.stores import Items

K = 10
SERVERS = "FASHIONSDK_BENCHMARK_SERVERS"  # of the environment: addresses of PostgreSQL and Milvus, with spaces between
ADDED_AT_ONCE = 10_000
CHEAP = 25  # of prices from 0 to 99
WEIGHTS = (0.5, 0.3, 0.2)

Rows: TypeAlias = NDArray[np.int64]  # (Q, K)
Vectors: TypeAlias = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Data:
    """A gallery and queries of random unit vectors around centres, as photos of some values are.

    Attributes:
        vectors: attribute -> ``(G, D)``.
        queries: attribute -> ``(64, D)``.
        prices: ``(G,)``, 0 to 99.
    """

    vectors: Vectors
    queries: Vectors
    prices: NDArray[np.int64]

    @classmethod
    def make(cls, size: int, attributes: int, dimension: int) -> "Data":
        """Return data of these sizes, always the same."""
        rng = np.random.default_rng(0)
        names = [f"attribute {number}" for number in range(attributes)]
        centres = {name: rng.standard_normal((20, dimension), dtype=np.float32) for name in names}

        def draw(count: int, name: str) -> NDArray[np.float32]:
            rows = centres[name][rng.integers(0, 20, count)]
            rows += rng.standard_normal((count, dimension), dtype=np.float32)
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            return rows

        vectors = {name: draw(size, name) for name in names}
        return cls(vectors, {name: draw(64, name) for name in names}, rng.integers(0, 100, size))

    def weighted(self, names: list[str], rows: slice) -> Vectors:
        """Return queries with their weights multiplied in."""
        weights = dict(zip(names, WEIGHTS, strict=False)) if len(names) > 1 else {names[0]: 1.0}
        return {name: self.queries[name][rows] * np.float32(weight) for name, weight in weights.items()}

    def nearest(self, queries: Vectors, *, cheap: bool = False) -> Rows:
        """Return the true answers, from float64 sums of the float32 candidates."""
        scores = sum(part @ self.vectors[name].T for name, part in queries.items())
        assert isinstance(scores, np.ndarray), "there is at least one attribute"
        if cheap:
            scores[:, self.prices >= CHEAP] = -np.inf
        some = np.argpartition(-scores, 4 * K, axis=1)[:, : 4 * K]
        exact = sum(
            np.einsum("qd,qkd->qk", part.astype(np.float64), self.vectors[name][some].astype(np.float64))
            for name, part in queries.items()
        )
        assert isinstance(exact, np.ndarray), "there is at least one attribute"
        return np.take_along_axis(some, np.argsort(-exact, axis=1, kind="stable")[:, :K], axis=1)


class Way(Protocol):
    """One way to keep a gallery and search it."""

    def build(self, data: Data) -> None:
        """Keep the gallery; nothing of ``data`` is needed afterwards."""

    def open(self) -> None:
        """Open what is on disk; nothing if it is in memory."""

    def search(self, queries: Vectors, cheap: bool) -> Rows | None:
        """Return the best items' rows; ``None`` if it cannot be asked this."""

    def disk(self) -> int:
        """Return bytes on disk."""


class StoreWay:
    """A store of the SDK."""

    def __init__(self, address: str, codec: str) -> None:
        self._address, self._codec = address, codec
        self._matcher: Matcher | None = None

    def build(self, data: Data) -> None:
        dimensions = {name: rows.shape[1] for name, rows in data.vectors.items()}
        contract = Contract("benchmark", dimensions, codec=self._codec)  # type: ignore[arg-type]
        matcher = Matcher.open(self._address, contract=contract, create=True)
        for start in range(0, len(data.prices), ADDED_AT_ONCE):
            part = slice(start, start + ADDED_AT_ONCE)
            prices = data.prices[part].tolist()
            keys = [str(start + row) for row in range(len(prices))]
            vectors = {name: rows[part] for name, rows in data.vectors.items()}
            matcher.put(Items(keys, vectors, [{"price": price} for price in prices]))
        if self._address != "memory:":
            matcher.vacuum()
            matcher.close()
        else:
            self._matcher = matcher

    def open(self) -> None:
        if self._address != "memory:":
            self._matcher = Matcher.open(self._address)
            len(self._matcher)

    def search(self, queries: Vectors, cheap: bool) -> Rows | None:
        assert self._matcher is not None, "opened before"
        lengths = {name: np.linalg.norm(rows[0]) for name, rows in queries.items()}
        unit = {name: rows / lengths[name] for name, rows in queries.items()}
        photos = Embeddings(np.stack(list(unit.values()), axis=1), tuple(unit), "benchmark")
        by = {name: float(length) for name, length in lengths.items()}
        found = self._matcher.search(photos, by=by, k=K, where=field("price") < CHEAP if cheap else None)
        return np.array(found.keys, np.int64)

    def disk(self) -> int:
        if self._matcher is not None and isinstance(size := self._matcher.details().get("disk_bytes"), int):
            return size
        folder = Path(self._address)
        return sum(path.stat().st_size for path in folder.rglob("*")) if folder.is_dir() else 0


class NumpyWay:
    """One matrix product an attribute, and argpartition."""

    def build(self, data: Data) -> None:
        self._vectors, self._prices = dict(data.vectors), data.prices

    def open(self) -> None:
        pass

    def search(self, queries: Vectors, cheap: bool) -> Rows | None:
        scores: Any = sum(part @ self._vectors[name].T for name, part in queries.items())
        if cheap:
            scores[:, self._prices >= CHEAP] = -np.inf
        best = np.argpartition(-scores, K, axis=1)[:, :K]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        return np.take_along_axis(best, order, axis=1)

    def disk(self) -> int:
        return 0


class FaissWay:
    """An index of faiss for each attribute, in one thread. It has no weights, and no metadata to filter by."""

    def __init__(self, factory: str) -> None:
        self._factory = factory

    def build(self, data: Data) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        self._indexes = {}
        for name, rows in data.vectors.items():
            index = faiss.index_factory(rows.shape[1], self._factory, faiss.METRIC_INNER_PRODUCT)
            index.train(rows[:100_000])
            index.add(rows)
            self._indexes[name] = index

    def open(self) -> None:
        pass

    def search(self, queries: Vectors, cheap: bool) -> Rows | None:
        if cheap or len(queries) > 1:
            return None
        ((name, rows),) = queries.items()
        return np.asarray(self._indexes[name].search(rows, K)[1])

    def disk(self) -> int:
        return 0


class UsearchWay:
    """An HNSW index of usearch in int8 for each attribute, in one thread."""

    def build(self, data: Data) -> None:
        from usearch.index import Index

        self._indexes = {}
        for name, rows in data.vectors.items():
            index = Index(ndim=rows.shape[1], metric="ip", dtype="i8")
            index.add(np.arange(len(rows)), rows, threads=1)
            self._indexes[name] = index

    def open(self) -> None:
        pass

    def search(self, queries: Vectors, cheap: bool) -> Rows | None:
        if cheap or len(queries) > 1:
            return None
        ((name, rows),) = queries.items()
        found = self._indexes[name].search(rows, K, threads=1)
        return np.asarray(found.keys, np.int64).reshape(len(rows), -1)

    def disk(self) -> int:
        return 0


def ways(folder: Path) -> dict[str, Callable[[], Way]]:
    """Return what can be measured, by name; what is on disk goes into ``folder``.

    Servers are measured if the environment's `SERVERS` has their addresses.
    """
    return {
        "numpy float32": NumpyWay,
        "memory float32": partial(StoreWay, "memory:", "float32"),
        "memory int8": partial(StoreWay, "memory:", "int8"),
        "folder float32": partial(StoreWay, f"{folder}/float32/", "float32"),
        "folder int8": partial(StoreWay, f"{folder}/int8/", "int8"),
        "faiss flat": partial(FaissWay, "Flat"),
        "faiss SQ8": partial(FaissWay, "SQ8"),
        "faiss HNSW32": partial(FaissWay, "HNSW32"),
        "usearch int8 HNSW": UsearchWay,
        **{name: way for server in os.environ.get(SERVERS, "").split() for name, way in _of_server(server, folder)},
    }


def _of_server(address: str, folder: Path) -> Iterator[tuple[str, Callable[[], Way]]]:
    """Yield a server's ways to search: all items, or those that an index proposes."""
    kind, number = address.partition(":")[0], hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    for search in ("exact", "hnsw"):
        name = f"bench_{number}_{search}"
        if kind == "milvus":
            whole = f"{address.rstrip('/')}/{name}?search={search}"
        else:
            whole = f"{address}{'&' if '?' in address else '?'}gallery={name}&search={search}"
        yield f"{kind} {search}", partial(StoreWay, whole, "int8")


def needed_module(way: str) -> str | None:
    """Return the module that a way needs beside the SDK."""
    return next((module for module in ("faiss", "usearch") if way.startswith(module)), None)
