"""Networks and graphs that tests of the export share."""

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute
from fashionsdk.backends.onnxruntime import keep_int8_exact
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from tests.training.conftest import SYSTEMS, trained_like

SIDE, ATTRIBUTES = 48, 3
NETWORKS = {
    **SYSTEMS,
    "asen_v2 and two added": replace(SYSTEMS["asen_v2"], added=2),
    "asen with posteriors": replace(SYSTEMS["asen"], values=(2, 4, 3)),
}


def checkpoint(network: str) -> Checkpoint:
    """Return a small network of ``NETWORKS``; its batch-norm statistics are not the initial ones."""
    config = NETWORKS[network]
    count = ATTRIBUTES + config.added
    attributes = tuple(Attribute(f"attribute {a}", ("x", "y")) for a in range(count))
    return Checkpoint(config, Preprocessing(SIDE), attributes, trained_like(config, count).state_dict())


def images(count: int, side: int = SIDE) -> NDArray[np.uint8]:
    """Return pictures of coloured squares: unlike noise, they differ from each other in every layer."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(side // 4, axis=1).repeat(side // 4, axis=2)


def run(model: onnx.ModelProto, feed: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return every output of a graph."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    keep_int8_exact(options)  # the same answer on every CPU
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": feed}), strict=True))


def types(model: onnx.ModelProto) -> dict[str, int]:
    """Return each tensor's type."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*graph.input, *graph.output, *graph.value_info)}
    return kinds | {weight.name: weight.data_type for weight in graph.initializer}
