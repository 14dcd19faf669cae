"""A graph as a PyTorch module gives the numbers of the graph: of every network, and of each operator by itself."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from fashionsdk_export.errors import ExportError
from fashionsdk_export.inductor import GraphModule
from fashionsdk_export.inductor.graph_compilation import traced_batch
from tests.export.graphs import NETWORKS, images, run

ATOL = 2e-6  # only the order of float32 sums differs; 4e-7 measured
SIDE = 6


def saved(nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray], path: Path) -> Path:
    """Write a graph from ``images`` as float32 ``x`` ``(B, 3, 6, 6)`` to the last node's output."""
    first = [
        helper.make_node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["x"], perm=[0, 3, 1, 2]),
    ]
    image = helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", SIDE, SIDE, 3])
    answer = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph([*first, *nodes], "graph", [image], [answer], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def answers(path: Path, feed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the module's first output, and that of ONNX's own slow evaluator."""
    with torch.no_grad():
        (found, *_) = GraphModule(path)(torch.from_numpy(feed))
    (expected, *_) = ReferenceEvaluator(str(path)).run(None, {"images": feed})
    return found.numpy(), expected


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_gives_the_numbers_of_its_graph(exported, network):
    path = exported(network).graph_path("fp32")
    expected = run(onnx.load(path), images(3))
    with torch.no_grad():
        found = GraphModule(path)(torch.from_numpy(images(3)))
    for output, wanted in zip(found, expected.values(), strict=True):
        np.testing.assert_allclose(output.numpy(), wanted, rtol=0, atol=ATOL)


@given(
    pads=st.lists(st.integers(0, 1), min_size=4, max_size=4),
    strides=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    dilation=st.integers(1, 2),
    group=st.sampled_from([1, 3]),
)
def test_a_convolution_keeps_its_settings(tmp_path_factory, pads, strides, dilation, group):
    weight = np.random.default_rng(0).normal(size=(6, 3 // group, 3, 2)).astype(np.float32)
    settings = {"pads": pads, "strides": list(strides), "dilations": [dilation] * 2, "group": group}
    node = helper.make_node("Conv", ["x", "w"], ["y"], **settings)
    found, expected = answers(
        saved([node], {"w": weight}, tmp_path_factory.mktemp("g") / "a.onnx"), images(2, 8)[:, :6, :6]
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-3)


ONE, NUMBERS = np.array([1]), np.array
OPERATORS: dict[str, tuple[str, dict[str, np.ndarray], dict[str, Any]]] = {
    "uneven pooling": ("MaxPool", {}, {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
    "averages": ("AveragePool", {}, {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "all numbers": ("ReduceL2", {}, {"keepdims": 0}),
    "an axis": ("ReduceMean", {"a": NUMBERS([-1])}, {"keepdims": 0}),
    "no axis": ("ReduceSum", {"a": NUMBERS([], np.int64)}, {"noop_with_empty_axes": 1}),
    "a copied length": ("Reshape", {"a": NUMBERS([0, -1])}, {}),
    "a length of one": ("Expand", {"a": NUMBERS([2, 1, 1, 1, 6])}, {}),
    "new axes": ("Unsqueeze", {"a": NUMBERS([-1, 1])}, {}),
    "steps": (
        "Slice",
        {"a": NUMBERS([1, -3]), "b": NUMBERS([6, 2**40]), "c": NUMBERS([2, 3]), "d": NUMBERS([2, 1])},
        {},
    ),
    "negative places": ("Gather", {"a": NUMBERS([[0, -1], [2, 1]])}, {"axis": 3}),
    "twice the size": (
        "Resize",
        {"": NUMBERS([]), "s": NUMBERS([1, 1, 2, 2], np.float32)},
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    ),
    "halves": ("HardSigmoid", {}, {"alpha": 0.01, "beta": 0.25}),
    "bounds": ("Clip", {"a": NUMBERS(20, np.float32), "b": NUMBERS(90, np.float32)}, {}),
    "a border": ("Pad", {"a": NUMBERS([0, 0, 1, 0, 0, 0, 0, 2]), "b": NUMBERS(7, np.float32)}, {}),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_does_what_onnx_says(tmp_path, name):
    kind, weights, settings = OPERATORS[name]
    node = helper.make_node(kind, ["x", *weights], ["y"], **settings)
    constants = {each: value for each, value in weights.items() if each}
    found, expected = answers(saved([node], constants, tmp_path / "a.onnx"), images(2, 8)[:, :6, :6])
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_product_has_its_factors(tmp_path):
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(4, 108)), "c": rng.normal(size=4)}
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w", "c"], ["y"], transB=1, alpha=0.5, beta=3.0),
    ]
    path = saved(nodes, {name: value.astype(np.float32) for name, value in weights.items()}, tmp_path / "a.onnx")
    found, expected = answers(path, images(2, 8)[:, :6, :6])
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    ("kind", "settings", "says"),
    [
        ("LRN", {"size": 3}, "has the operators LRN, which engines for AOTInductor lack"),
        ("MaxPool", {"kernel_shape": [2, 2], "auto_pad": "SAME_UPPER"}, "a node MaxPool pads by itself"),
        ("Pad", {"mode": "reflect"}, "a node Pad pads with other values than a constant"),
    ],
)
def test_what_no_rule_computes_is_an_error_that_names_it(tmp_path, kind, settings, says):
    pads = {"p": np.zeros(8, np.int64)} if kind == "Pad" else {}
    path = saved([helper.make_node(kind, ["x", *pads], ["y"], **settings)], pads, tmp_path / "a.onnx")
    with pytest.raises(ExportError, match=says):
        GraphModule(path)(torch.zeros(2, SIDE, SIDE, 3, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("wanted", "lengths", "batch"), [(8, {8, 64, 0}, 11), (1, {3, 5}, 2), (8, {121, 13, 26}, 17), (11, set(), 11)]
)
def test_a_graph_is_traced_with_a_batch_like_no_other_length(wanted, lengths, batch):
    assert traced_batch(wanted, lengths) == batch


def test_a_file_that_is_no_graph_is_an_error(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"no graph")
    with pytest.raises(ExportError, match="cannot be read as an ONNX graph"):
        GraphModule(tmp_path / "a.onnx")
