"""A graph's tensors and work are bounded before it runs, and sizes are those that the package `onnx` computes."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from fashionsdk.bundle.graph import OPERATORS, RefusedGraphError
from fashionsdk.bundle.graph._onnx_graph import read_graph
from fashionsdk.bundle.graph._shaped import Shaped
from fashionsdk.bundle.graph._sizes import _RULES, check_sizes

SIDE = 8


def model(nodes: Sequence[onnx.NodeProto], **constants: object) -> onnx.ModelProto:
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", SIDE, SIDE, 3])
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", [images], [], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def check(nodes: Sequence[onnx.NodeProto], **constants: object) -> None:
    graph = model(nodes, **constants)
    check_sizes(read_graph(memoryview(graph.SerializeToString()), OPERATORS), (SIDE, SIDE, 3))


node = helper.make_node
ROW, COLUMN = np.zeros((1, 1 << 20), np.float32), np.zeros((1 << 20, 1), np.float32)
HUGE = np.array([1 << 20, 1 << 20])


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([node("ConstantOfShape", ["n"], ["y"])], {"n": HUGE}),
        ([node("ConstantOfShape", ["n"], ["y"])], {"n": np.array([1 << 62, 1 << 62])}),
        ([node("Expand", ["images", "n"], ["y"])], {"n": np.array([1 << 30, 1, 1, 1, 1])}),
        ([node("Tile", ["images", "n"], ["y"])], {"n": np.array([1, 1 << 15, 1 << 15, 1])}),
        ([node("Pad", ["images", "n"], ["y"])], {"n": np.array([0, 0, 0, 0, 0, 1 << 20, 1 << 20, 0])}),
        ([node("Resize", ["images", "", "", "n"], ["y"])], {"n": np.array([1, 1 << 20, 1 << 20, 3])}),
        ([node("Resize", ["images", "", "n"], ["y"])], {"n": np.array([1, 1e5, 1e5, 1], np.float32)}),
        ([node("Add", ["a", "b"], ["y"])], {"a": ROW, "b": COLUMN}),
        ([node("MatMul", ["b", "a"], ["y"])], {"a": ROW, "b": COLUMN}),
        ([node("Gemm", ["b", "a"], ["y"])], {"a": ROW, "b": COLUMN}),
        # lengths that the graph computes
        (
            [
                node("Shape", ["images"], ["s"]),
                node("Mul", ["s", "s"], ["ss"]),
                node("Mul", ["ss", "ss"], ["n"]),
                node("Expand", ["x", "n"], ["y"]),
            ],
            {"x": np.zeros((1, 1, 1, 1), np.float32)},
        ),
        # doubled forty times
        ([node("Concat", [f"t{i}"] * 2, [f"t{i + 1}"], axis=0) for i in range(40)], {"t0": np.zeros(9, np.float32)}),
        # work without a large tensor: each product takes 2**30 multiplications
        (
            [node("MatMul", [f"t{i}", f"t{i}"], [f"t{i + 1}"]) for i in range(5000)],
            {"t0": np.zeros((1024, 1024), np.float32)},
        ),
        # every photo against every other
        (
            [
                node("Reshape", ["images", "flat"], ["a"]),
                node("Transpose", ["a"], ["b"]),
                node("MatMul", ["a", "b"], ["y"]),
            ],
            {"flat": np.array([0, -1])},
        ),
        # a window in nothing but padding
        (
            [
                node("Cast", ["images"], ["f"], to=TensorProto.FLOAT),
                node("AveragePool", ["f"], ["y"], kernel_shape=[1, 1], pads=[1 << 20] * 4, strides=[1 << 20] * 2),
            ],
            {},
        ),
        # a size that only the photo tells
        (
            [
                node("Reshape", ["images", "flat"], ["a"]),
                node("Cast", ["a"], ["n"], to=TensorProto.INT64),
                node("Expand", ["x", "n"], ["y"]),
            ],
            {"flat": np.array([-1]), "x": np.zeros(1, np.float32)},
        ),
    ],
)
def test_a_graph_that_would_take_gigabytes_or_minutes_is_refused_at_once(
    nodes: list[onnx.NodeProto], constants: dict[str, object]
):
    begin = time.process_time()
    with pytest.raises(RefusedGraphError):
        check(nodes, **constants)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([node("Relu", ["missing"], ["y"])], {}),
        ([node("Relu", ["images"], ["images"])], {}),
        ([node("Relu", [], ["y"])], {}),
        ([node("MatMul", ["a", "a"], ["y"])], {"a": np.zeros((2, 3), np.float32)}),
        ([node("Reshape", ["images", "n"], ["y"])], {"n": np.array([7])}),
        ([node("Reshape", ["images", "n"], ["y"])], {"n": np.array([np.inf], np.float32)}),
        ([node("Gather", ["n", "n"], ["y"])], {"n": np.array([7])}),
        ([node("Transpose", ["images"], ["y"], perm=[0, 0, 1, 2])], {}),
        ([node("Transpose", ["images"], ["y"], perm=7)], {}),
        ([node("Slice", ["images", "n", "n", "n", "n"], ["y"])], {"n": np.array([0])}),
        ([node("Concat", ["images", "n"], ["y"], axis=0)], {"n": np.array([0])}),
        ([node("Conv", ["images", "w"], ["y"])], {"w": np.zeros((1, 5, 3, 3), np.float32)}),
        ([node("Conv", ["images", "w"], ["y"], strides=[0, 0])], {"w": np.zeros((1, 8, 3, 3), np.float32)}),
        ([node("ReduceSum", ["images", "n"], ["y"])], {"n": np.array([9])}),
    ],
)
def test_nodes_that_do_not_fit_each_other_are_an_error(nodes: list[onnx.NodeProto], constants: dict[str, object]):
    with pytest.raises(ValueError):
        check(nodes, **constants)


lengths = st.integers(1, 9)


def sizes_of(graph: onnx.ModelProto) -> tuple[int, ...]:
    """Return the shape of the last node's output by this module's rules."""
    read = read_graph(memoryview(graph.SerializeToString()), OPERATORS)
    tensors = {constant.name: Shaped(constant.shape, constant.values) for constant in read.constants}
    last = read.nodes[-1]
    return tuple(_RULES[last.operator](last, [tensors[name] if name else None for name in last.inputs])[0].shape)


def inferred(graph: onnx.ModelProto) -> tuple[int, ...] | None:
    """Return the shape of the last node's output as `onnx` infers it, or ``None`` if it finds none."""
    output = graph.graph.node[-1].output[0]
    for value in onnx.shape_inference.infer_shapes(graph, data_prop=True, strict_mode=True).graph.value_info:
        if value.name == output and all(dim.HasField("dim_value") for dim in value.type.tensor_type.shape.dim):
            return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
    return None


@settings(max_examples=60)
@given(data=st.data())
def test_windows_are_counted_as_onnx_counts_them(data: st.DataObject):
    kind = data.draw(st.sampled_from(["Conv", "AveragePool", "MaxPool"]))
    image = data.draw(st.tuples(lengths, lengths).map(lambda pair: (2, 4, pair[0] + 4, pair[1] + 4)))
    kernel = data.draw(st.lists(st.integers(1, 4), min_size=2, max_size=2))
    settings: dict[str, Any] = {
        "kernel_shape": kernel,
        "strides": data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=2)),
        "pads": [data.draw(st.integers(0, side - 1)) for side in kernel * 2],
    }
    if kind == "Conv":
        settings["group"] = data.draw(st.sampled_from([1, 2, 4]))
        settings["dilations"] = data.draw(st.lists(st.integers(1, 2), min_size=2, max_size=2))
    weights = np.zeros((8, 4 // settings.get("group", 1), *kernel), np.float32)
    names = ["x", "w"] if kind == "Conv" else ["x"]
    graph = model([node(kind, names, ["y"], **settings)], x=np.zeros(image, np.float32), w=weights)
    dilations = settings.get("dilations", [1, 1])
    starts = [
        range(0, image[2 + i] + settings["pads"][i] + settings["pads"][i + 2] - dilations[i] * (kernel[i] - 1), stride)
        for i, stride in enumerate(settings["strides"])
    ]
    assert sizes_of(graph)[2:] == tuple(map(len, starts))
    if all(starts):  # `onnx` divides towards zero: it finds one window where none fits
        assert sizes_of(graph) == inferred(graph)


@settings(max_examples=60)
@given(data=st.data())
def test_cuts_are_counted_as_numpy_cuts(data: st.DataObject):
    array = np.zeros(data.draw(st.lists(lengths, min_size=1, max_size=3)), np.float32)
    axes = data.draw(st.lists(st.integers(0, array.ndim - 1), unique=True, min_size=1))
    ends = st.integers(-12, 12) | st.just(2**63 - 1)
    starts, stops = ([data.draw(ends) for _ in axes] for _ in range(2))
    steps = [data.draw(st.integers(1, 3)) for _ in axes]
    cuts = [slice(None)] * array.ndim
    for start, stop, axis, step in zip(starts, stops, axes, steps, strict=True):
        cuts[axis] = slice(start, stop, step)
    constants = {"a": np.array(starts), "b": np.array(stops), "c": np.array(axes), "d": np.array(steps)}
    graph = model([node("Slice", ["x", "a", "b", "c", "d"], ["y"])], x=array, **constants)
    assert sizes_of(graph) == array[tuple(cuts)].shape


A = np.zeros((2, 3, 4, 5), np.float32)


@pytest.mark.parametrize(
    ("nodes", "constants", "expected"),
    [
        ([node("ReduceMean", ["x", "n"], ["y"])], {"n": np.array([1, -1])}, (2, 1, 4, 1)),
        ([node("ReduceMean", ["x", "n"], ["y"], keepdims=0)], {"n": np.array([1, -1])}, (2, 4)),
        ([node("ReduceMean", ["x"], ["y"], keepdims=0)], {}, ()),
        ([node("ReduceMean", ["x"], ["y"], noop_with_empty_axes=1)], {}, A.shape),
        ([node("ReduceMean", ["x"], ["y"], axes=[2])], {}, (2, 3, 1, 5)),
        ([node("ArgMax", ["x"], ["y"], axis=-1, keepdims=0)], {}, (2, 3, 4)),
        ([node("GlobalAveragePool", ["x"], ["y"])], {}, (2, 3, 1, 1)),
        ([node("Flatten", ["x"], ["y"], axis=2)], {}, (6, 20)),
        ([node("Squeeze", ["n"], ["y"])], {"n": np.zeros((1, 7, 1))}, (7,)),
        ([node("Unsqueeze", ["x", "n"], ["y"])], {"n": np.array([0, -1])}, (1, 2, 3, 4, 5, 1)),
        ([node("Split", ["x"], ["y", "z"], axis=3, num_outputs=2)], {}, (2, 3, 4, 3)),
        ([node("Split", ["x", "n"], ["y", "z"], axis=3)], {"n": np.array([1, 4])}, (2, 3, 4, 1)),
        ([node("MatMul", ["x", "n"], ["y"])], {"n": np.zeros(5, np.float32)}, (2, 3, 4)),
        ([node("MatMul", ["x", "n"], ["y"])], {"n": np.zeros((1, 5, 7), np.float32)}, (2, 3, 4, 7)),
        ([node("Gemm", ["n", "n"], ["y"], transB=1)], {"n": np.zeros((4, 5), np.float32)}, (4, 4)),
        ([node("Reshape", ["x", "n"], ["y"])], {"n": np.array([0, -1, 2])}, (2, 30, 2)),
        ([node("Pad", ["x", "n", "", "k"], ["y"])], {"n": np.array([1, 2]), "k": np.array([3])}, (2, 3, 4, 8)),
        ([node("Gather", ["x", "n"], ["y"], axis=1)], {"n": np.zeros((2, 2), np.int64)}, (2, 2, 2, 4, 5)),
        ([node("Where", ["n", "x", "x"], ["y"])], {"n": np.zeros((7, 1, 1, 1, 1), np.bool_)}, (7, *A.shape)),
    ],
)
def test_shapes_are_those_of_the_operators(
    nodes: list[onnx.NodeProto], constants: dict[str, object], expected: tuple[int, ...]
):
    assert sizes_of(model(nodes, x=A, **constants)) == expected


def test_lengths_that_a_graph_computes_are_followed():
    nodes = [
        node("Shape", ["images"], ["s"]),
        node("Gather", ["s", "zero"], ["b"]),
        node("Mul", ["b", "three"], ["b3"]),
        node("Unsqueeze", ["b3", "zero1"], ["row"]),
        node("Concat", ["row", "rest"], ["n"], axis=0),
        node("Reshape", ["images", "n"], ["y"]),
    ]
    check(nodes, zero=np.array(0), three=np.array(3), zero1=np.array([0]), rest=np.array([SIDE, SIDE, 1]))
    with pytest.raises(ValueError, match="Reshape makes"):
        check(nodes, zero=np.array(0), three=np.array(2), zero1=np.array([0]), rest=np.array([SIDE, SIDE, 1]))
