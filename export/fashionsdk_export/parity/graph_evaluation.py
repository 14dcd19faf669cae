"""Examine each graph of a bundle on labelled photos before the bundle is written: what do fewer bits lose?"""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import Bundle, Precision
from fashionsdk.embedding import TOLERANCES, Embedder, neighbour_agreement
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity.graph_check import runtimes

# Points of MAP over queries that a graph may lose against the float32 graph.
MAP_LOSS: Mapping[Precision, float] = {"fp16": 0.1, "int8": 0.3}

COMPARED = 1000  # photos whose neighbours are compared


class Examination:
    """Measures graphs of a bundle on labelled photos, each against the float32 graph.

    Args:
        bundle: a bundle with a graph in fp32.
        split: the photos.
        map_loss: points of MAP that a graph may lose; ``None`` for ``MAP_LOSS``.
    """

    def __init__(self, bundle: Bundle, split: RetrievalSplit, map_loss: float | None = None) -> None:
        self.bundle, self.split, self.map_loss = bundle, split, map_loss
        self.runtime = runtimes("fp32")[0]  # one is enough: in fp32 all answer alike, which the proof makes sure of
        self.map, self.vectors = self._measure("fp32", self.runtime)

    def __call__(self, precision: Precision) -> dict[str, dict[str, float]]:
        """Return, for each runtime, MAP, what it lost, and the share of neighbours that stay.

        Raises:
            ExportError: it lost more than is allowed.
        """
        if precision == "fp32":
            return {self.runtime: {"map": self.map}}
        return {runtime: self._examine(precision, runtime) for runtime in runtimes(precision)}

    def _examine(self, precision: Precision, runtime: str) -> dict[str, float]:
        found, vectors = self._measure(precision, runtime)
        allowed = MAP_LOSS[precision] if self.map_loss is None else self.map_loss
        if self.map - found > allowed:
            raise ExportError(
                f"the {precision} graph reaches MAP {found:.2f} in {runtime} where fp32 reaches {self.map:.2f}, a loss "
                f"of more than {allowed:g} points, so nothing was written; calibrate on more photos, leave {precision} "
                "out, or allow more with --map-loss"
            )
        agreement = neighbour_agreement(self.vectors, vectors)
        least = TOLERANCES[precision].neighbour_agreement
        if agreement < least:
            raise ExportError(
                f"the {precision} graph in {runtime} keeps {agreement:.1%} of the photos' nearest neighbours, expected "
                f"{least:.0%} or more, so nothing was written; calibrate on more photos, or leave {precision} out"
            )
        return {"map": found, "map_loss": self.map - found, "photos_neighbour_agreement": agreement}

    def _measure(self, precision: Precision, runtime: str) -> tuple[float, NDArray[np.float32]]:
        """Return MAP over queries and the first photos' embeddings."""
        embedder = Embedder(self.bundle, device="cpu", precision=precision, runtime=runtime)
        names = [attribute.name for attribute in embedder.attributes]
        first: list[NDArray[np.float32]] = []

        def batches() -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
            for item in embedder.embed_many(self.split.paths, on_error="skip", progress=True):
                if item.embeddings is not None:
                    if len(first) < COMPARED:
                        first.append(item.embeddings.vectors)
                    yield np.array([item.index]), item.embeddings.vectors

        evaluation = evaluate(self.split, batches(), names)
        return evaluation.overall.map, np.concatenate(first)
