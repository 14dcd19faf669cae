"""Evaluate each graph of a bundle on labelled photos: what does a lower precision lose?"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import Bundle, Precision, Quality
from fashionsdk.embedding import TOLERANCES, Embedder, neighbour_agreement
from fashionsdk.evaluation import score, scratch_vectors
from fashionsdk.evaluation.drift import EmbeddedSplit, measure_quality
from fashionsdk.labels import RetrievalSplit
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity.graph_check import runtimes

# Points of MAP over queries that a graph may lose against the float32 graph.
MAP_LOSS: Mapping[Precision, float] = {"fp16": 0.1, "int8": 0.3}

COMPARED = 1000  # photos whose neighbours are compared, and whose probabilities are calibrated


class GraphEvaluation:
    """Evaluates graphs of a bundle on labelled photos and compares each with the float32 graph.

    Args:
        bundle: a bundle with a graph in fp32.
        split: the photos.
        map_loss: points of MAP that a graph may lose, or ``None`` for ``MAP_LOSS``.
        progress: whether to show progress bars.

    Attributes:
        quality: precision -> what its graph reached, in the first runtime that was measured.
    """

    def __init__(
        self, bundle: Bundle, split: RetrievalSplit, map_loss: float | None = None, *, progress: bool = False
    ) -> None:
        self.bundle, self.split, self.map_loss, self.progress = bundle, split, map_loss, progress
        self.runtime = runtimes("fp32")[0]  # one is enough: check_graph made sure that all agree in fp32
        self.quality: dict[Precision, Quality | None] = {}
        self.map, self.indices, self.vectors = self._measure("fp32", self.runtime)

    def __call__(self, precision: Precision) -> dict[str, dict[str, float]]:
        """Return, for each runtime, MAP, its loss, and the share of nearest neighbours that stay.

        Raises:
            ExportError: the loss is larger than allowed.
        """
        if precision == "fp32":
            return {self.runtime: {"map": self.map}}
        return {runtime: self._compare(precision, runtime) for runtime in runtimes(precision)}

    def _compare(self, precision: Precision, runtime: str) -> dict[str, float]:
        reached, _, vectors = self._measure(precision, runtime)
        allowed = MAP_LOSS[precision] if self.map_loss is None else self.map_loss
        if self.map - reached > allowed:
            raise ExportError(
                f"the {precision} graph reaches MAP {reached:.2f} in {runtime} where fp32 reaches {self.map:.2f}, a "
                f"loss of more than {allowed:g} points, so nothing was written; calibrate on more photos, leave "
                f"{precision} out, or allow more with --map-loss"
            )
        agreement = neighbour_agreement(self.vectors, vectors)
        least = TOLERANCES[precision].neighbour_agreement
        if agreement < least:
            raise ExportError(
                f"the {precision} graph in {runtime} keeps {agreement:.1%} of the photos' nearest neighbours, expected "
                f"{least:.0%} or more, so nothing was written; calibrate on more photos, or leave {precision} out"
            )
        return {"map": reached, "map_loss": self.map - reached, "photos_neighbour_agreement": agreement}

    def _measure(self, precision: Precision, runtime: str) -> tuple[float, NDArray[np.int64], NDArray[np.float32]]:
        """Return MAP over queries, and which photos are the first, and their embeddings."""
        embedder = Embedder(self.bundle, device="cpu", precision=precision, runtime=runtime)
        names = [attribute.name for attribute in embedder.attributes]
        first: list[tuple[int, NDArray[np.float32]]] = []

        def batches() -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
            for item in embedder.embed_many(self.split.sources, on_error="skip", progress=self.progress):
                if item.embeddings is not None:
                    if len(first) < COMPARED:
                        first.append((item.index, item.embeddings.vectors))
                    yield np.array([item.index]), item.embeddings.vectors

        with scratch_vectors(batches(), len(self.split.images)) as found:
            evaluation = score(self.split, found, names, embedder.values)
            if precision not in self.quality:
                self.quality[precision] = measure_quality(EmbeddedSplit(self.split, found, names, embedder.values))
        indices, vectors = zip(*first, strict=True)
        return evaluation.overall.map, np.array(indices), np.concatenate(vectors)
