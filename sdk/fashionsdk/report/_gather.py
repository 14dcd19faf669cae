"""Gathers what a report shows: scores, queries with their neighbours, attention, embedding maps."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.progress import progress_bar
from fashionsdk.attributes import Attribute
from fashionsdk.embeddings import Embeddings
from fashionsdk.evaluation import ScratchVectors, check_attributes, own_product, score, scratch_vectors
from fashionsdk.labels import Boxes, RetrievalSplit
from fashionsdk.photos import Cutout, Placement, Preprocessing
from fashionsdk.report._pictures import attention_overlay, picture
from fashionsdk.report._random_sample import MAP_POINTS, SEED, sample_rows
from fashionsdk.report._report_types import AttentionOverlays, AttributeResult, EmbeddingMap, Neighbour, Query, Report
from fashionsdk.report._tsne import embedding_map, require_scikit_learn
from fashionsdk.report.attention import MapWatch, overlay_attention
from fashionsdk.search import nearest
from fashionsdk.values import Calibration, ValueSpace, calibration

QUERIES = 4  # shown for each attribute
NEIGHBOURS = 6  # shown for each query
ATTENTION_PHOTOS = 3  # shown under every attribute's attention


class ReportEmbedder(Protocol):
    """The part of `fashionsdk.Embedder` that a report needs."""

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What it embeds for."""

    @property
    def preprocessing(self) -> Preprocessing:
        """From a photo to its input."""

    @property
    def values(self) -> ValueSpace | None:
        """The values that its embeddings tell apart."""

    def embed(self, images: list[Path | Cutout], attributes: list[str], *, attention: bool) -> Embeddings:
        """Embed photos."""


def gather(
    embedder: ReportEmbedder,
    split: RetrievalSplit,
    embedded: Iterable[tuple[int, Embeddings]],
    *,
    facts: Mapping[str, str],
    history: Iterable[Mapping[str, float]] = (),
    attention: bool = True,
    boxes: Boxes | None = None,
    maps: bool = True,
    progress: bool = False,
) -> Report:
    """Evaluate a split and gather what the page shows of it.

    The photos shown are chosen at random with a fixed seed, never by result. The same input gives the same report on
    the same machine.

    Args:
        embedder: the model.
        split: queries and candidates.
        embedded: positions in ``split.images`` and those photos' embeddings (N = 1) for all attributes of the
            embedder. Photos that could not be read may be missing. With attention, the report says how far the maps
            can be trusted.
        facts: name -> value, shown at the top.
        history: the training, one row per epoch.
        attention: whether the model has attention to show.
        boxes: where attributes are decided, as `fashionsdk.labels.read_boxes` returns them, to say how often attention
            points there; None if there are none.
        maps: whether to draw embedding maps, which take most of the time.
        progress: whether to show a progress bar.

    Raises:
        FashionSDKError: scikit-learn is missing, which maps need.
        ImageError: a photo that was embedded cannot be read any more.
        ValueError: the split asks for an attribute that the model does not have, or there are boxes and the attention
            of none of their photos.
    """
    if maps:
        require_scikit_learn()
    names = [attribute.name for attribute in embedder.attributes]
    check_attributes(split, names)
    watch = MapWatch(split, names, boxes)
    batches = ((np.array([position]), embeddings.vectors) for position, embeddings in watch.watch(embedded))
    with scratch_vectors(batches, len(split.images)) as vectors:
        evaluation = score(split, vectors, names, embedder.values)
        gatherer = _Gatherer(embedder, split, vectors, attention, maps)
        scored = [line.attribute for line in evaluation.attributes]
        bar = progress_bar(scored, "report", len(scored), "attribute", shown=progress)
        results = tuple(gatherer.result(name) for name in bar)
        overlays = gatherer.overlays() if attention else ()
        reliability = gatherer.reliability()
    trust = watch.trust(embedder.preprocessing) if attention else None
    return Report(facts, evaluation, results, overlays, tuple(history), SEED, reliability, trust)


class _Gatherer:
    """Makes the parts of one report. It keeps its pictures, since one photo may be near many queries."""

    def __init__(
        self, embedder: ReportEmbedder, split: RetrievalSplit, vectors: ScratchVectors, attention: bool, maps: bool
    ) -> None:
        self.embedder, self.split, self.vectors, self.attention = embedder, split, vectors, attention
        self.maps, self.sources, self.own = maps, split.sources, own_product(split)
        self.names = [attribute.name for attribute in embedder.attributes]
        self.pictures: dict[int, str] = {}

    def result(self, name: str) -> AttributeResult:
        """Return one attribute's queries and map."""
        position = [attribute.name for attribute in self.split.attributes].index(name)
        queries, candidates = (self._rows(rows, position) for rows in (self.split.queries, self.split.candidates))
        values = self.split.attributes[position].values
        vectors = self.vectors.rows(self.names.index(name), candidates[:, 0])  # (G, D)
        shown = self._queries(name, values, sample_rows(queries, QUERIES), candidates, vectors)
        return AttributeResult(name, shown, _map(values, candidates, vectors) if self.maps else None)

    def reliability(self) -> dict[str, Calibration]:
        """Return how right the probabilities are, of each attribute that has some and is labelled."""
        space, found = self.embedder.values, dict[str, Calibration]()
        for position, attribute in enumerate(self.split.attributes):
            known = () if space is None else space.values.get(attribute.name, ())
            labels = self.split.matrix()[:, position]
            places = np.array([known.index(each) if each in known else -1 for each in attribute.values] or [-1])
            shown = np.where(labels >= 0, places[labels], -1)
            (photos,) = np.nonzero((shown >= 0) & self.vectors.present)
            if space is not None and len(photos):
                vectors = self.vectors.rows(self.names.index(attribute.name), photos)
                found[attribute.name] = calibration(space.probabilities(vectors, attribute.name), shown[photos])
        return found

    def overlays(self) -> tuple[AttentionOverlays, ...]:
        """Return a few query photos under every attribute's attention."""
        images = np.unique(self.split.queries[self.vectors.present[self.split.queries[:, 0]], 0])
        positions = sample_rows(images, ATTENTION_PHOTOS).tolist()
        attention = self._attention(positions, self.names)  # (N, A, h, w)
        return tuple(self._overlays(image, of_image) for image, of_image in zip(positions, attention, strict=True))

    def _overlays(self, image: int, attention: NDArray[np.float32]) -> AttentionOverlays:
        values = [self._values.get((image, name)) for name in self.names]
        pixels, placement = self._read(image)
        return overlay_attention(pixels, attention, self.names, values, placement=placement)

    @cached_property
    def _values(self) -> dict[tuple[int, str], str]:
        """(photo, attribute) -> value, from all rows of the split."""
        known = self.split.attributes
        rows = np.concatenate([self.split.candidates, self.split.queries]).tolist()
        return {(image, known[a].name): known[a].values[value] for image, a, value in rows}

    def _rows(self, rows: NDArray[np.int32], attribute: int) -> NDArray[np.int32]:
        """Return an attribute's rows, of photos that have an embedding."""
        return np.asarray(rows[(rows[:, 1] == attribute) & self.vectors.present[rows[:, 0]]])

    def _queries(
        self,
        name: str,
        values: tuple[str, ...],
        queries: NDArray[np.int32],
        candidates: NDArray[np.int32],
        vectors: NDArray[np.float32],
    ) -> tuple[Query, ...]:
        asking, space = self.vectors.rows(self.names.index(name), queries[:, 0]), self.embedder.values
        asking = asking if space is None else space.question(asking, name)
        rows, scores = self._nearest(asking, queries[:, 0], candidates[:, 0], vectors)
        images = queries[:, 0].tolist()
        attention = self._attention(images, [name]) if self.attention else None  # (Q, 1, h, w)
        return tuple(
            Query(
                picture=self._picture(image),
                attention=None if attention is None else self._overlay(image, attention[row, 0]),
                value=values[value],
                neighbours=tuple(
                    Neighbour(self._picture(int(item[0])), values[item[2]], bool(item[2] == value), float(cosine))
                    for item, cosine in zip(candidates[rows[row]], scores[row], strict=True)
                ),
            )
            for row, (image, _, value) in enumerate(queries.tolist())
        )

    def _nearest(
        self,
        asking: NDArray[np.float32],
        queries: NDArray[np.int32],
        candidates: NDArray[np.int32],
        vectors: NDArray[np.float32],
    ) -> tuple[list[NDArray[np.int64]], list[NDArray[np.float32]]]:
        """Return each query's nearest candidates, rows of ``vectors``, and their cosines; none of its own product."""
        if self.own is None:
            rows, scores = nearest(asking, vectors, NEIGHBOURS)
            return list(rows), list(scores)
        own = self.own(queries, candidates)  # (Q, G)
        rows, scores = nearest(asking, vectors, NEIGHBOURS + int(own.sum(axis=1).max(initial=0)))
        others = [np.flatnonzero(~of_query[row])[:NEIGHBOURS] for of_query, row in zip(own, rows, strict=True)]
        return [rows[n][places] for n, places in enumerate(others)], [scores[n][p] for n, p in enumerate(others)]

    def _attention(self, images: list[int], names: list[str]) -> NDArray[np.float32]:
        """Return attention maps ``(N, A, h, w)``."""
        sources = [self.sources[image] for image in images]
        attention = self.embedder.embed(sources, names, attention=True).attention
        assert attention is not None, "attention was requested"
        return attention

    def _overlay(self, image: int, attention: NDArray[np.float32]) -> str:
        pixels, placement = self._read(image)
        return attention_overlay(pixels, attention, placement)

    def _read(self, image: int) -> tuple[NDArray[np.uint8], Placement]:
        return self.embedder.preprocessing.read_placed(self.sources[image])

    def _picture(self, image: int) -> str:
        if image not in self.pictures:
            pixels, placement = self._read(image)
            self.pictures[image] = picture(placement.cut(pixels))
        return self.pictures[image]


def _map(values: tuple[str, ...], candidates: NDArray[np.int32], vectors: NDArray[np.float32]) -> EmbeddingMap | None:
    chosen = sample_rows(np.arange(len(candidates), dtype=np.int32), MAP_POINTS)
    return embedding_map(vectors[chosen], [values[value] for value in candidates[chosen, 2].tolist()])
