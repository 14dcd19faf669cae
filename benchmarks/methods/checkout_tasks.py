"""What two checkouts of the SDK are compared by. Uses only names that every version of the SDK has."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import fashionsdk
from fashionsdk import Embedder, Embeddings, Matcher
from harness.bursts import burst

Answer: TypeAlias = NDArray[Any]

ITEMS = 100_000  # of the gallery that is searched
FILES = 16
CALLS = {  # of a burst
    "embed, batch of 1": 20,
    "embed, batch of 8": 5,
    f"embed, {FILES} JPEG files": 5,
    "embed_many": 1,
    "search": 30,
}


def random_embeddings(count: int, dimension: int, seed: int) -> Embeddings:
    """Return random embeddings of one attribute, of unit length ``(count, 1, dimension)``."""
    vectors = np.random.default_rng(seed).standard_normal((count, 1, dimension), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return Embeddings(vectors, ("neckline",), model="benchmark")


class CheckoutTasks:
    """The tasks of ``CALLS``, by the SDK that this process imports.

    Args:
        bundle: path of the bundle.
        options: arguments of the embedder.
        photos: paths of JPEG files, ``FILES`` or more.
    """

    def __init__(self, bundle: str, options: Mapping[str, Any], photos: Sequence[str]) -> None:
        self._embedder, self._photos = Embedder(bundle, **options), photos
        pixels = np.stack([self._embedder.preprocessing.read(path) for path in photos[:8]])
        matcher = Matcher([str(i) for i in range(ITEMS)], random_embeddings(ITEMS, self._embedder.dimension, seed=2))
        query = random_embeddings(1, self._embedder.dimension, seed=1)
        functions: Sequence[Callable[[], Answer]] = (
            partial(self._embed, pixels[:1]),
            partial(self._embed, pixels),
            partial(self._embed, photos[:FILES]),
            self._embed_many,
            partial(_search, matcher, query),
        )
        self._tasks = dict(zip(CALLS, functions, strict=True))

    def about(self) -> tuple[str, str, str]:
        """Return the file that the SDK was imported from, the backend and its precision."""
        backend = self._embedder.backend
        return str(fashionsdk.__file__), str(backend), backend.precision

    def run(self, task: str) -> tuple[list[float], Answer]:
        """Return the milliseconds of each call of a burst, and the last answer."""
        answers: list[Answer] = []
        times = burst(self._tasks[task], CALLS[task], answers.append)
        return times, answers[-1]

    def _embed(self, images: Any) -> Answer:
        return self._embedder.embed(images).vectors

    def _embed_many(self) -> Answer:
        items = self._embedder.embed_many(self._photos)
        return np.concatenate([item.embeddings.vectors for item in items if item.embeddings is not None])


def _search(matcher: Matcher, query: Embeddings) -> Answer:
    """Return keys and scores as float64 ``(2, 1, K)``, which holds both exactly."""
    found = matcher.search(query, k=10)
    return np.array([[[float(key) for key in keys] for keys in found.keys], found.scores])
