"""Random embeddings with their keys, and what a sorted list answers."""

import math

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embeddings import Embeddings

ATTRIBUTES = ("neckline", "sleeve_length")
MODEL = "a" * 64


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def embeddings(count: int, *, dimension: int = 16, seed: int = 0, attributes=ATTRIBUTES, model=MODEL) -> Embeddings:
    vectors = np.random.default_rng(seed).normal(size=(count, len(attributes), dimension))
    return Embeddings(unit(vectors), tuple(attributes), model)


def names(count: int, start: int = 0) -> list[str]:
    return [f"photo{index}.jpg" for index in range(start, start + count)]


def cosine(left, right) -> float:
    return float(np.float32(math.fsum(float(x) * float(y) for x, y in zip(left, right, strict=True))))


def ranked(query, gallery: dict[str, NDArray[np.float32]], k: int) -> list[tuple[str, float]]:
    scored = [(key, cosine(query, vector)) for key, vector in gallery.items()]
    best = sorted(scored, key=lambda pair: -pair[1])[:k]  # sorted() is stable: ties keep the gallery's order
    return [(key, max(-1.0, min(1.0, score))) for key, score in best]
