"""How far a graph of fewer bits is from the float32 graph, on photos."""

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from fashionsdk.backends import available_cpus
from fashionsdk.backends.onnxruntime import import_runtime, keep_int8_exact
from fashionsdk.embedding import neighbour_agreement
from fashionsdk_export.precision.island_search import Measured

BATCH = 16
QUICK = 16  # photos on which one part alone is measured: its cost is read to one digit

# Share of the embeddings that count, the nearest ones: ASEN++ looks at a region that any rounding may move, and then a
# few embeddings are of another region, whatever part of the graph was rounded.
COUNTED = 0.9


@dataclass(frozen=True)
class Goal:
    """What a graph of fewer bits must reach on photos that it was not calibrated on.

    Attributes:
        loss: largest allowed distance of ``e @ f`` from 1 among the embeddings that count; e is float32's answer, of
            unit length, f is the graph's.
        agreement: smallest allowed share of the nearest neighbours that stay.
    """

    loss: float
    agreement: float


class Judge:
    """Runs graphs in ONNX Runtime on the CPU and compares their embeddings with the float32 graph's.

    A graph in float16 goes through ``with_every_rounding`` first: each node then sums in float32 and rounds its answer
    to float16, which is what a GPU's tensor cores do.

    Args:
        model: the graph in float32.
        images: uint8 ``(n, S, S, 3)``.
        goal: what is good enough.
    """

    def __init__(self, model: onnx.ModelProto, images: NDArray[np.uint8], goal: Goal) -> None:
        self.images, self.goal = images, goal
        self.expected = embed(model, images)

    def __call__(self, model: onnx.ModelProto) -> Measured:
        """Measure a graph."""
        found = embed(model, self.images)
        most = self._losses(found)
        good = bool(most[-1] <= self.goal.loss)
        good = good and neighbour_agreement(self.expected, found) >= self.goal.agreement
        return Measured(good, float(most.mean()))

    def cost(self, model: onnx.ModelProto) -> float:
        """Return a graph's cost, measured on few photos."""
        return float(self._losses(embed(model, self.images[:QUICK])).mean())

    def _losses(self, found: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the losses of the embeddings that count, smallest first; infinite where one is not a number."""
        expected = self.expected[: len(found)]
        loss = np.sort(np.abs(1 - (expected * found).sum(axis=-1)), axis=None)
        most: NDArray[np.float32] = loss[: max(1, round(COUNTED * loss.size))]
        return most if np.isfinite(loss).all() else np.full_like(most, np.inf)


def embed(model: onnx.ModelProto, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a graph's embeddings ``(n, A, D)`` of model inputs."""
    runtime = import_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = available_cpus()
    options.log_severity_level = 3
    keep_int8_exact(options)
    session = runtime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate([session.run(["embeddings"], {"images": batch})[0] for batch in batches])
