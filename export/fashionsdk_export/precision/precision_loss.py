"""The distance of a graph in lower precision from the float32 graph, measured on photos."""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.backends import available_cpus
from fashionsdk.backends.onnxruntime import import_runtime, keep_int8_exact
from fashionsdk.embedding import neighbour_agreement
from fashionsdk_export.precision.island_search import Measurement

BATCH = 16
QUICK = 16  # photos to measure one part alone on: one digit of its cost is enough

# Share of the embeddings that count, the closest ones. Any rounding may move the region that ASEN++ looks at. Then a
# few embeddings are of another region, whichever part of the graph was rounded.
COUNTED = 0.9


@dataclass(frozen=True)
class Goal:
    """What a graph in lower precision must reach on photos that it was not calibrated with.

    Attributes:
        loss: largest allowed distance of ``e @ f`` from 1 among the embeddings that count, where e is the float32
            graph's, of unit length, and f is the graph's.
        agreement: smallest allowed share of the nearest neighbours that stay.
    """

    loss: float
    agreement: float


class PrecisionLoss:
    """Runs graphs in ONNX Runtime on the CPU and compares their embeddings with the float32 graph's.

    A graph in float16 must pass ``with_every_rounding`` first: each node then sums in float32 and rounds its answer to
    float16, as a GPU's tensor cores do.

    Args:
        model: the graph in float32.
        images: uint8 ``(n, H, W, 3)``.
        goal: what is good enough.
    """

    def __init__(self, model: onnx.ModelProto, images: NDArray[np.uint8], goal: Goal) -> None:
        self.images, self.goal = images, goal
        self.expected = embed(model, images)

    def __call__(self, model: onnx.ModelProto) -> Measurement:
        """Measure a graph."""
        embeddings = embed(model, self.images)
        losses = self._losses(embeddings)
        good = bool(losses[-1] <= self.goal.loss)
        good = good and neighbour_agreement(self.expected, embeddings) >= self.goal.agreement
        return Measurement(good, float(losses.mean()))

    def cost(self, model: onnx.ModelProto) -> float:
        """Return a graph's cost, measured on few photos."""
        return float(self._losses(embed(model, self.images[:QUICK])).mean())

    def _losses(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the losses of the embeddings that count, smallest first; all infinite if one is not a number."""
        expected = self.expected[: len(embeddings)]
        loss = np.sort(np.abs(1 - (expected * embeddings).sum(axis=-1)), axis=None)
        counted: NDArray[np.float32] = loss[: max(1, round(COUNTED * loss.size))]
        return counted if np.isfinite(loss).all() else np.full_like(counted, np.inf)


def embed(model: onnx.ModelProto, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a graph's embeddings ``(n, A, D)`` of model inputs."""
    runtime = import_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = available_cpus()
    options.log_severity_level = 3
    keep_int8_exact(options)
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    batches = (images[batch] for batch in slices(len(images), BATCH))
    return np.concatenate([session.run(["embeddings"], {"images": batch})[0] for batch in batches])
