"""Collect what a report shows: scores, queries with their neighbours, attention, maps."""

import tempfile
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.progress import progress_bar
from fashionsdk.attributes import Attribute
from fashionsdk.embeddings import Embeddings
from fashionsdk.evaluation import VectorStore, check_attributes, score
from fashionsdk.labels import RetrievalSplit
from fashionsdk.photos import Preprocessing
from fashionsdk.report._gazes import gaze
from fashionsdk.report._pictures import attention_picture, picture
from fashionsdk.report._planar import embedding_map, require_scikit_learn
from fashionsdk.report._report_types import AttributeResult, EmbeddingMap, Gaze, Neighbour, Query, Report
from fashionsdk.report._sample import MAP_POINTS, SEED, draw
from fashionsdk.search import nearest

QUERIES = 4  # shown for each attribute
NEIGHBOURS = 6  # shown for each query
GAZES = 3  # photos shown with every attribute's attention


class ReportEmbedder(Protocol):
    """The part of :class:`fashionsdk.Embedder` that a report needs."""

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What it embeds for."""

    @property
    def preprocessing(self) -> Preprocessing:
        """From a photo to its input."""

    def embed(self, images: list[str], attributes: list[str], *, attention: bool) -> Embeddings:
        """Embed photos."""


def gather(
    embedder: ReportEmbedder,
    split: RetrievalSplit,
    embedded: Iterable[tuple[int, Embeddings]],
    *,
    facts: Mapping[str, str],
    history: Iterable[Mapping[str, float]] = (),
    attention: bool = True,
) -> Report:
    """Evaluate a split and collect what the page shows of it, with progress on stderr.

    Which photos are shown is drawn with a fixed seed, never chosen by result. The same input gives the same report
    on the same machine.

    Args:
        embedder: the model.
        split: queries and candidates.
        embedded: positions in ``split.images`` and those photos' embeddings (N = 1) for all attributes of the
            embedder; photos that never come could not be read.
        facts: name -> value, shown at the top.
        history: the training, a row an epoch.
        attention: whether the model has attention to show.

    Raises:
        FashionSDKError: scikit-learn is missing.
        ImageError: a photo that was embedded cannot be read any more.
        ValueError: the split asks for an attribute that the model does not have.
    """
    require_scikit_learn()
    names = [attribute.name for attribute in embedder.attributes]
    check_attributes(split, names)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        store = VectorStore(Path(folder) / "vectors", len(split.images))
        for position, embeddings in embedded:
            store.put(np.array([position]), embeddings.vectors)
        evaluation = score(split, store, names)
        gatherer = _Gatherer(embedder, split, store, attention)
        shown = [line.attribute for line in evaluation.attributes]
        results = [gatherer.result(name) for name in progress_bar(shown, "report", len(shown), "attribute")]
        gazes = gatherer.gazes() if attention else ()
    return Report(facts, evaluation, tuple(results), gazes, tuple(history), SEED)


class _Gatherer:
    """The parts of one report; keeps the pictures it made, since the same photo is found again and again."""

    def __init__(self, embedder: ReportEmbedder, split: RetrievalSplit, store: VectorStore, attention: bool) -> None:
        self.embedder, self.split, self.store, self.attention = embedder, split, store, attention
        self.names = [attribute.name for attribute in embedder.attributes]
        self.pictures: dict[int, str] = {}

    def result(self, name: str) -> AttributeResult:
        """Return one attribute's queries and map."""
        position = [attribute.name for attribute in self.split.attributes].index(name)
        queries, candidates = (self._rows(rows, position) for rows in (self.split.queries, self.split.candidates))
        values = self.split.attributes[position].values
        vectors = self.store.rows(self.names.index(name), candidates[:, 0])  # (G, D)
        shown = self._queries(name, values, draw(queries, QUERIES), candidates, vectors)
        return AttributeResult(name, shown, _map(values, candidates, vectors))

    def gazes(self) -> tuple[Gaze, ...]:
        """Return a few query photos with every attribute's attention."""
        images = np.unique(self.split.queries[self.store.present[self.split.queries[:, 0]], 0])
        positions = draw(images, GAZES).tolist()
        weights = self._attention(positions, self.names)
        return tuple(self._gaze(image, maps) for image, maps in zip(positions, weights, strict=True))

    def _gaze(self, image: int, maps: NDArray[np.float32]) -> Gaze:
        values = [self._labelled.get((image, name)) for name in self.names]
        return gaze(self._pixels(image), maps, self.names, values)

    @cached_property
    def _labelled(self) -> dict[tuple[int, str], str]:
        """(photo, attribute) -> value, from all rows of the split."""
        known = self.split.attributes
        rows = np.concatenate([self.split.candidates, self.split.queries]).tolist()
        return {(image, known[a].name): known[a].values[value] for image, a, value in rows}

    def _rows(self, rows: NDArray[np.int32], attribute: int) -> NDArray[np.int32]:
        kept = (rows[:, 1] == attribute) & self.store.present[rows[:, 0]]
        return np.asarray(rows[kept])

    def _queries(
        self,
        name: str,
        values: tuple[str, ...],
        queries: NDArray[np.int32],
        candidates: NDArray[np.int32],
        vectors: NDArray[np.float32],
    ) -> tuple[Query, ...]:
        found, scores = nearest(self.store.rows(self.names.index(name), queries[:, 0]), vectors, NEIGHBOURS)
        images = queries[:, 0].tolist()
        maps = self._attention(images, [name]) if self.attention else None
        return tuple(
            Query(
                picture=self._picture(image),
                attention=None if maps is None else attention_picture(self._pixels(image), maps[row, 0]),
                value=values[value],
                neighbours=tuple(
                    Neighbour(self._picture(int(item[0])), values[item[2]], bool(item[2] == value), float(cosine))
                    for item, cosine in zip(candidates[found[row]], scores[row], strict=True)
                ),
            )
            for row, (image, _, value) in enumerate(queries.tolist())
        )

    def _attention(self, images: list[int], names: list[str]) -> NDArray[np.float32]:
        """Return attention maps ``(N, A, h, w)``."""
        paths = [str(self.split.root / self.split.images[image]) for image in images]
        weights = self.embedder.embed(paths, names, attention=True).attention
        assert weights is not None
        return weights

    def _pixels(self, image: int) -> NDArray[np.uint8]:
        return self.embedder.preprocessing.read(self.split.root / self.split.images[image])

    def _picture(self, image: int) -> str:
        if image not in self.pictures:
            self.pictures[image] = picture(self._pixels(image))
        return self.pictures[image]


def _map(values: tuple[str, ...], candidates: NDArray[np.int32], vectors: NDArray[np.float32]) -> EmbeddingMap | None:
    chosen = draw(np.arange(len(candidates), dtype=np.int32), MAP_POINTS)
    return embedding_map(vectors[chosen], [values[value] for value in candidates[chosen, 2].tolist()])
