"""Maps embeddings to the plane by t-SNE (van der Maaten and Hinton, JMLR 2008)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import FashionSDKError
from fashionsdk.report._random_sample import SEED
from fashionsdk.report._report_types import EmbeddingMap

FEWEST_POINTS = 8
PERPLEXITY = 30.0
SAME = 1e-6  # vectors closer than this in every coordinate are one point: t-SNE would divide by their spread


def require_scikit_learn() -> None:
    """Check that scikit-learn is installed, before any work is done.

    Raises:
        FashionSDKError: scikit-learn is not installed.
    """
    try:
        import sklearn.manifold  # noqa: F401
    except ImportError as error:
        raise FashionSDKError(
            "maps are drawn with scikit-learn, which is not installed; run: pip install 'fashionsdk[report]'"
        ) from error


def embedding_map(
    vectors: NDArray[np.float32], values: Sequence[str], pictures: Sequence[str] = ()
) -> EmbeddingMap | None:
    """Return the map of N items' vectors ``(N, D)``, or None for fewer than ``FEWEST_POINTS``."""
    if len(vectors) < FEWEST_POINTS:
        return None
    return EmbeddingMap(tsne(vectors, SEED), tuple(values), tuple(pictures))


def tsne(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Map N unit vectors ``(N, D)``, N at least ``FEWEST_POINTS``, to points ``(N, 2)`` in 0 to 1.

    The same vectors and seed give the same points on the same machine. It runs in one thread: each of its thousand
    short steps would wait for all threads, and on a machine that is busy with other work 280 points take 34 seconds
    instead of one, for the same map.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn requires it

    if np.ptp(vectors, axis=0).max() < SAME:
        return np.full((len(vectors), 2), 0.5)
    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    start = "pca" if vectors.shape[1] > 1 else "random"
    with threadpool_limits(1):
        points = TSNE(perplexity=perplexity, init=start, random_state=seed).fit_transform(vectors).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    span = max(float((high - low).max()), float(np.finfo(np.float64).tiny))
    return np.asarray((points - (low + high) / 2) / span + 0.5)
