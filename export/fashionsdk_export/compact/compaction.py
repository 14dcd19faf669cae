"""Fit compact vectors to photos, choose their lengths under a budget, and measure what they lose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk._tools.progress import progress_bar
from fashionsdk.attributes import Attribute
from fashionsdk.errors import ImageError
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit
from fashionsdk.photos import Preprocessing
from fashionsdk.search.scan import decoded, encoded
from fashionsdk_export.compact.chosen_lengths import chosen_lengths, kept_neighbours
from fashionsdk_export.compact.compact_model import CompactModel, Directions
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity import CalibrationPhotos
from fashionsdk_training.models import AttributeModel

FITTED, COMPARED = 1000, 1000  # photos that directions are fitted to, and whose neighbours are compared
PHOTOS_AT_ONCE = 32


@dataclass(frozen=True)
class CompactionFigures:
    """What compact vectors, in int8, keep of the full ones in float32.

    Attributes:
        bytes_per_item: the budget.
        bytes: what an item takes: a byte a number.
        full_bytes: what it takes in full.
        map: over the queries, in percent.
        full_map: of the full vectors.
        agreement: attribute -> share of the 10 nearest photos that stay among the 10 nearest.
    """

    bytes_per_item: int
    bytes: int
    full_bytes: int
    map: float
    full_map: float
    agreement: Mapping[str, float]

    def __str__(self) -> str:
        mean = float(np.mean(list(self.agreement.values())))
        return (
            f"{self.bytes} bytes an item instead of {self.full_bytes:,}: MAP {self.map:.2f} instead of "
            f"{self.full_map:.2f}, {mean:.1%} of the 10 nearest photos stay (worst: {self._worst()})"
        )

    def _worst(self) -> str:
        name = min(self.agreement, key=lambda each: self.agreement[each])
        return f"{name} {self.agreement[name]:.1%}"


@dataclass(frozen=True, eq=False)
class Compaction:
    """A network with compact embeddings, and what they keep."""

    model: CompactModel
    figures: CompactionFigures


@dataclass(frozen=True, eq=False)
class PhotoVectors:
    """Embeddings that compact ones are fitted to and measured on.

    Attributes:
        fitted: of training photos, float32 ``(N, A, D)``.
        split: labelled photos.
        indices: which of these could be read, ``(M,)``.
        vectors: their embeddings, float32 ``(M, A, D)``.
    """

    fitted: NDArray[np.float32]
    split: RetrievalSplit
    indices: NDArray[np.int64]
    vectors: NDArray[np.float32]

    @classmethod
    def of(
        cls, model: AttributeModel, preprocessing: Preprocessing, photos: CalibrationPhotos, *, progress: bool = False
    ) -> "PhotoVectors":
        """Embed a thousand training photos, and all labelled ones, with a network in eval mode.

        Raises:
            ExportError: there are no labelled photos, or none can be read.
        """
        if photos.split is None:
            raise ExportError("compact vectors are chosen by measuring on labelled photos; give a table (--data)")
        drawn = np.random.default_rng(0).permutation(len(photos.paths))[:FITTED]
        training = [photos.paths[i] for i in drawn]
        _, fitted = _embedded(model, preprocessing, training, "training photos", progress)
        indices, vectors = _embedded(model, preprocessing, photos.split.sources, "labelled photos", progress)
        return cls(fitted, photos.split, indices, vectors)


def compact(
    model: AttributeModel, attributes: Sequence[Attribute], photos: PhotoVectors, bytes_per_item: int
) -> Compaction:
    """Return ``model`` with compact embeddings of at most ``bytes_per_item`` numbers for all attributes together.

    The directions are the principal components, about zero, of the training photos' embeddings. The next ones go to
    the attribute whose neighbours are kept worst, measured on labelled photos with the vectors in int8.

    Args:
        model: the network, in eval mode.
        attributes: its attributes.
        photos: their embeddings by ``model``.
        bytes_per_item: a byte a number.

    Raises:
        ExportError: the budget is too small for the probabilities of the values.
    """
    places, vectors = model.value_places(), photos.vectors
    offsets = {position % len(attributes): place.offset for position, place in places.items()}
    roots = [_roots(offsets.get(a), len(attribute.values)) for a, attribute in enumerate(attributes)]
    directions = [principal_directions(photos.fitted[:, a], roots[a]) for a in range(len(attributes))]
    names = [attribute.name for attribute in attributes]
    lengths = chosen_lengths(vectors[:COMPARED], roots, directions, bytes_per_item, names)
    made = Directions(
        roots, [torch.from_numpy(rows[:length]) for rows, length in zip(directions, lengths, strict=True)]
    )
    short, small = stored_in_int8(made(torch.from_numpy(vectors)).numpy()), CompactModel(model, made).eval()
    small_map, full_map = (
        evaluate(photos.split, [(photos.indices, each)], names, network.value_space(attributes)).overall.map
        for each, network in ((short, small), (vectors, model))
    )
    kept = {name: kept_neighbours(vectors[:COMPARED, a], short[:COMPARED, a]) for a, name in enumerate(names)}
    figures = CompactionFigures(bytes_per_item, sum(made.lengths), vectors[0].nbytes, small_map, full_map, kept)
    return Compaction(small, figures)


def principal_directions(vectors: NDArray[np.float32], roots: Sequence[int]) -> NDArray[np.float32]:
    """Return the directions ``(L, D)`` in which vectors ``(N, D)`` are longest, without the places of the roots.

    Directions along which nothing lies are left out.
    """
    looks = vectors.astype(np.float64)
    looks[:, list(roots)] = 0
    _, lengths, rows = np.linalg.svd(looks, full_matrices=False)
    there = lengths > max(1e-4 * lengths[0], 1e-6)
    return np.asarray(rows[there], np.float32)


def stored_in_int8(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors ``(N, A, D)`` as they come back from a gallery in int8."""
    return np.stack([decoded("int8", encoded("int8", vectors[:, a])) for a in range(vectors.shape[1])], axis=1)


def _roots(offset: int | None, count: int) -> list[int]:
    return [] if offset is None else list(range(offset, offset + count))


@torch.inference_mode()
def _embedded(
    model: AttributeModel, preprocessing: Preprocessing, sources: Sequence[object], what: str, progress: bool
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the indices of the photos that can be read, and their embeddings ``(N, A, D)``."""
    indices, parts = list[int](), []
    with progress_bar(None, f"embedding {what}", len(sources), "photo", shown=progress) as bar:
        for some in slices(len(sources), PHOTOS_AT_ONCE):
            images = []
            for index in range(*some.indices(len(sources))):
                try:
                    images.append(preprocessing.read(sources[index]))  # type: ignore[arg-type]  # paths and cutouts
                    indices.append(index)
                except ImageError:
                    pass  # the same photos are counted and named when the graphs are measured
                bar.update()
            if images:
                parts.append(model(torch.from_numpy(np.stack(images))).embeddings.numpy())
    if not parts:
        raise ExportError(f"none of the {what} can be read")
    return np.array(indices), np.concatenate(parts)
