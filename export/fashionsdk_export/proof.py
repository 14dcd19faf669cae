"""Prove each graph of a bundle before the bundle is written: through the SDK, as a user would run it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import Bundle, Precision
from fashionsdk.embedder import Embedder
from fashionsdk.evaluation import evaluate
from fashionsdk.labels import RetrievalSplit
from fashionsdk.parity import CheckReport, Parity, check, neighbour_agreement
from fashionsdk_export.errors import ExportError

# Points of MAP over queries that a graph may lose against the float32 graph.
MAP_LOSS: Mapping[Precision, float] = {"fp16": 0.1, "int8": 0.3}

COMPARED = 1000  # photos whose neighbours are compared


def prove(bundle: Bundle, precision: Precision) -> CheckReport:
    """Compare a graph with PyTorch's answers in each runtime that is installed for the CPU.

    Raises:
        ExportError: it is too far from them.
    """
    runtimes = [name for name in ("onnxruntime", "openvino") if find_spec(name) and (name, precision) != _NOT_COMPUTED]
    reports = [check(bundle, device="cpu", precision=precision, runtime=name) for name in runtimes]
    for report in reports:
        if not report.ok:
            raise ExportError(f"the graph does not give PyTorch's numbers, so nothing was written: {report}")
    return reports[0]


_NOT_COMPUTED = ("openvino", "fp16")  # OpenVINO has no arithmetic in half precision on a CPU, and says so


def figures(parity: Parity) -> dict[str, float]:
    """Return the parity as the manifest keeps it."""
    return {name: float(value) for name, value in asdict(parity).items() if value is not None}


class Examination:
    """Measures graphs of a bundle on labelled photos, each against the float32 graph.

    Args:
        bundle: a bundle with a graph in fp32.
        split: the photos.
        map_loss: points of MAP that a graph may lose; ``None`` for ``MAP_LOSS``.
    """

    def __init__(self, bundle: Bundle, split: RetrievalSplit, map_loss: float | None = None) -> None:
        self.bundle, self.split, self.map_loss = bundle, split, map_loss
        self.map, self.vectors = self._measure("fp32")

    def __call__(self, precision: Precision) -> dict[str, float]:
        """Return MAP, what it lost, and the share of neighbours that stay.

        Raises:
            ExportError: it lost more than is allowed.
        """
        if precision == "fp32":
            return {"map": self.map}
        found, vectors = self._measure(precision)
        allowed = MAP_LOSS[precision] if self.map_loss is None else self.map_loss
        if self.map - found > allowed:
            raise ExportError(
                f"the {precision} graph reaches MAP {found:.2f} where fp32 reaches {self.map:.2f}, a loss of more than "
                f"{allowed:g} points, so nothing was written; calibrate on more photos, leave {precision} out, or "
                "allow more with --map-loss"
            )
        agreement = neighbour_agreement(self.vectors, vectors)
        return {"map": found, "map_loss": self.map - found, "photos_neighbour_agreement": agreement}

    def _measure(self, precision: Precision) -> tuple[float, NDArray[np.float32]]:
        """Return MAP over queries and the first photos' embeddings."""
        embedder = Embedder(self.bundle, device="cpu", precision=precision)
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
