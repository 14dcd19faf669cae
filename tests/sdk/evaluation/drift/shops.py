"""Shops whose photos' quality is known: a photo's vectors are its value's place with noise of a given strength."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute
from fashionsdk.bundle import Quality
from fashionsdk.evaluation import scratch_vectors
from fashionsdk.evaluation.drift import EmbeddedSplit, measure_quality
from fashionsdk.evaluation.drift._attribute_map import AttributeMap, attribute_map
from fashionsdk.evaluation.drift._measure_quality import own_shares
from fashionsdk.labels import RetrievalSplit

ATTRIBUTES = (Attribute("colour", ("red", "green", "blue")), Attribute("sleeve", ("long", "short")))
NAMES = [attribute.name for attribute in ATTRIBUTES]
T = TypeVar("T")


def random_shop(
    seed: int, images: int, noise: tuple[float, float] = (0.5, 0.5), red: float = 0.4, products: int = 0
) -> tuple[RetrievalSplit, NDArray[np.float32]]:
    """Return a split whose every fifth photo is a query, and vectors ``(N, 2, 4)``.

    Args:
        seed: of everything.
        images: N.
        noise: of each attribute's vectors; the places of two values are 1.4 apart.
        red: share of red photos.
        products: how many products the photos show; 0 for none known.
    """
    rng = np.random.default_rng(seed)
    shares = ((red, 0.7 * (1 - red), 0.3 * (1 - red)), (0.5, 0.5))
    values = np.array([rng.choice(len(share), images, p=share) for share in shares])  # (2, N)
    vectors = np.eye(4)[values.T] + rng.normal(size=(images, 2, 4)) * np.array(noise)[:, None]
    rows = np.array([(i, a, values[a, i]) for i in range(images) for a in range(2)], np.int32)
    asks = rows[:, 0] % 5 == 0
    shown = tuple(f"p{i % products}" for i in range(images)) if products else ()
    names = tuple(f"{i}.jpg" for i in range(images))
    split = RetrievalSplit(Path("."), names, ATTRIBUTES, rows[asks], rows[~asks], products=shown)
    return split, vectors.astype(np.float32)


def with_data(shop: tuple[RetrievalSplit, NDArray[np.float32]], use: Callable[[EmbeddedSplit], T]) -> T:
    """Return what ``use`` returns of a shop's photos and embeddings."""
    split, vectors = shop
    with scratch_vectors([(np.arange(len(vectors)), vectors)], len(vectors)) as found:
        return use(EmbeddedSplit(split, found, NAMES, None))


def own_map(data: EmbeddedSplit, a: int) -> AttributeMap:
    """Return the MAP of an attribute with the photos' own shares of values."""
    result = attribute_map(data, a, own_shares(data, a), np.random.default_rng(0))
    assert result is not None
    return result


def quality_of(data: EmbeddedSplit) -> Quality:
    """Return what an export would record."""
    result = measure_quality(data)
    assert result is not None
    return result
