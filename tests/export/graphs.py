"""Networks and graphs that tests of the export share."""

import math
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute
from fashionsdk.backends.onnxruntime import keep_int8_exact
from fashionsdk.bundle.graph import OPERATORS
from fashionsdk.bundle.graph._onnx_graph import read_graph
from fashionsdk.bundle.graph._sizes import check_sizes, tensor_sizes
from fashionsdk.photos._preprocessing import Preprocessing
from fashionsdk_training.checkpoint import Checkpoint
from tests.training.conftest import SYSTEMS, trained_like, with_values

SIDE, ATTRIBUTES = 48, 3
PHOTOS_CHECKED = 2  # photos that a graph's sizes are compared for
NETWORKS = {
    **SYSTEMS,
    "asen_v2 and two added": replace(SYSTEMS["asen_v2"], added=2),
    "asen with posteriors": replace(SYSTEMS["asen"], values=(2, 4, 3)),
}


def checkpoint(network: str) -> Checkpoint:
    """Return a small network of ``NETWORKS``; its batch-norm statistics are not the initial ones."""
    count = ATTRIBUTES + NETWORKS[network].added
    config = with_values(NETWORKS[network], count)
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


def assert_bundles_take(model: onnx.ModelProto, side: int = SIDE) -> None:
    """Check that a bundle may hold a graph, and that the sizes found before it runs are those that `onnx` infers."""
    graph = read_graph(memoryview(model.SerializeToString()), OPERATORS)
    check_sizes(graph, (side, side, 3))
    for_two = onnx.ModelProto()
    for_two.CopyFrom(model)
    del for_two.graph.value_info[:]
    for_two.graph.input[0].type.tensor_type.shape.dim[0].dim_value = PHOTOS_CHECKED
    for output in for_two.graph.output:
        output.type.tensor_type.ClearField("shape")
    inferred = onnx.shape_inference.infer_shapes(for_two, data_prop=True).graph
    found = tensor_sizes(graph, (side, side, 3), PHOTOS_CHECKED)
    compared = 0
    for value in inferred.value_info:
        lengths = value.type.tensor_type.shape.dim
        if all(dim.HasField("dim_value") for dim in lengths):  # `onnx` 1.21 does not follow every count into a shape
            assert found[value.name] == math.prod(dim.dim_value for dim in lengths), value.name
            compared += 1
    assert compared > len(model.graph.node) / 2
    assert {name for node in model.graph.node for name in node.output} == set(found)
