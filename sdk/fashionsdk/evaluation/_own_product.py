"""Which candidates show a query's own product: to find a garment again is not to find its value."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk.labels import RetrievalSplit

OwnProduct: TypeAlias = Callable[[NDArray[np.int32], NDArray[np.int32]], NDArray[np.bool_]]


def own_product(split: RetrievalSplit) -> OwnProduct | None:
    """Return what tells which candidates' photos show a query photo's own product; None if no product is known.

    It takes image indices ``(Q,)`` and ``(G,)`` and returns ``(Q, G)``.
    """
    if not split.products:
        return None
    known = np.array([bool(product) for product in split.products])
    numbers = np.unique(split.products, return_inverse=True)[1]
    return lambda queries, candidates: known[queries, None] & (numbers[queries, None] == numbers[None, candidates])
