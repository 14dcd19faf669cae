"""Embedding maps of labelled photos, one per attribute. Only the photos that a map shows are embedded."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.progress import progress_bar
from fashionsdk._tools.whole_number import whole_number
from fashionsdk.embeddings import Embeddings
from fashionsdk.labels import Labels
from fashionsdk.report._random_sample import MAP_POINTS, sample_rows
from fashionsdk.report._report_types import EmbeddingMap
from fashionsdk.report._tsne import embedding_map, require_scikit_learn

Sample: TypeAlias = Mapping[str, Mapping[int, str]]


def sample_labels(labels: Labels, points: int = MAP_POINTS) -> Sample:
    """Choose at most ``points`` labelled photos for each attribute: attribute -> index into ``images`` -> value.

    Raises:
        FashionSDKError: scikit-learn is missing, which the map needs.
        TypeError: ``points`` is not a whole number.
        ValueError: ``points`` is below 1.
    """
    require_scikit_learn()
    points = whole_number(points, "points")
    sample = {}
    for attribute, values in zip(labels.attributes, labels.matrix().T, strict=True):
        chosen = sample_rows(np.flatnonzero(values >= 0).astype(np.int32), points).tolist()
        sample[attribute.name] = {image: attribute.values[values[image]] for image in chosen}
    return sample


def draw_maps(
    sample: Sample,
    embedded: Iterable[tuple[int, Embeddings]],
    pictures: Mapping[int, str] | None = None,
    *,
    progress: bool = False,
) -> dict[str, EmbeddingMap]:
    """Return each attribute's map; attributes with fewer than 8 photos are left out.

    Args:
        sample: what to draw; see `sample_labels`.
        embedded: the sample's photos and their embeddings (N = 1). Photos that could not be read may be missing.
        pictures: photo -> a small picture to draw in place of its dot. It is read once ``embedded`` has ended.
        progress: whether to show a progress bar.

    Raises:
        ValueError: embeddings lack an attribute of the sample.
    """
    vectors: dict[str, dict[int, NDArray[np.float32]]] = {name: {} for name in sample}
    for image, embeddings in embedded:
        for name, values in sample.items():
            if image in values:
                vectors[name][image] = embeddings[name][0].copy()  # a view would keep all attributes in memory
    maps = {
        name: _map(of_attribute, sample[name], pictures)
        for name, of_attribute in progress_bar(vectors.items(), "maps", len(vectors), "attribute", shown=progress)
    }
    return {name: drawn for name, drawn in maps.items() if drawn is not None}


def _map(
    vectors: Mapping[int, NDArray[np.float32]], values: Mapping[int, str], pictures: Mapping[int, str] | None
) -> EmbeddingMap | None:
    if not vectors:
        return None
    shown = [] if pictures is None else [pictures[image] for image in vectors]
    return embedding_map(np.stack(list(vectors.values())), [values[image] for image in vectors], shown)
