"""FP16 graphs: half precision where no island is, float32 where one is, and the same inputs and outputs."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from fashionsdk_export.precision.half import spell_out_norms, to_half
from fashionsdk_export.precision.node_groups import HEAVY, node_groups
from fashionsdk_export.precision.rounding import with_every_rounding
from tests.export.graphs import assert_bundles_take, images, run, types
from tests.training.conftest import SYSTEMS

COSINE = 0.99  # of networks whose weights are random, 0.9996 measured; a region of ASEN++ may move
FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16


@pytest.fixture(scope="module")
def graph(graph_of) -> onnx.ModelProto:
    return graph_of("asen_v2")


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_computes_in_half_between_inputs_and_outputs_that_stay(graph_of, system):
    graph = graph_of(system)
    half = to_half(graph)
    onnx.checker.check_model(half, full_check=True)
    assert_bundles_take(half)
    assert_bundles_take(spell_out_norms(graph))
    assert [(v.name, v.type) for v in half.graph.input] == [(v.name, v.type) for v in graph.graph.input]
    assert [(v.name, v.type) for v in half.graph.output] == [(v.name, v.type) for v in graph.graph.output]
    kinds = types(half)
    heavy = [node for node in half.graph.node if node.op_type in HEAVY]
    assert heavy
    assert all(kinds[name] == HALF for node in heavy for name in (*node.input, *node.output))
    expected, lowered = (run(model, images(4))["embeddings"] for model in (graph, half))
    assert np.median((expected * lowered).sum(-1)) > COSINE


@given(data=st.data())
@settings(max_examples=15)
def test_any_islands_give_a_valid_graph_whose_islands_compute_in_float32(graph, data):
    names = [node.name for node in graph.graph.node]
    islands = set(data.draw(st.lists(st.sampled_from(names))))
    half = to_half(graph, islands)
    onnx.checker.check_model(half, full_check=True)
    before, kinds = types(graph), types(half)
    for node in half.graph.node:
        if node.name in islands:
            assert all(kinds[name] != HALF for name in (*node.input, *node.output))
        elif node.op_type in HEAVY:
            assert all(kinds[name] == HALF for name in node.input)
    assert all(kinds[name] == before[name] for name in before if before[name] != FLOAT and name in kinds)


def test_a_graph_of_one_island_computes_the_same_bits(graph):
    half = to_half(graph, [node.name for node in graph.graph.node])
    for name, values in run(graph, images(2)).items():
        np.testing.assert_array_equal(run(half, images(2))[name], values)


def test_nothing_is_rounded_between_two_islands():
    """x * 3 / 3 of numbers that float16 cannot hold: other converters cast down and up again in between."""
    model = small_graph([("Mul", ["x", "three"], "y"), ("Div", ["y", "three"], "z")], three=np.float32(3))
    half = to_half(model, ["Mul", "Div"])
    assert [node.op_type for node in half.graph.node] == ["Cast", "Cast", "Mul", "Div"]
    np.testing.assert_allclose(run(half, images(1, 4))["z"], images(1, 4).astype(np.float32), rtol=1e-6)


def test_a_weight_that_half_precision_cannot_hold_is_seen_in_the_answer():
    model = small_graph([("Mul", ["x", "huge"], "z")], huge=np.float32(1e6))
    assert np.isinf(run(to_half(model), images(1, 4))["z"]).any()
    np.testing.assert_array_equal(run(to_half(model, ["Mul"]), images(1, 4))["z"], run(model, images(1, 4))["z"])


def test_inputs_that_an_operator_wants_in_float32_stay_so():
    model = small_graph([("Resize", ["x", "", "scales"], "z")], scales=np.array([1, 2, 2, 1], np.float32))
    half = to_half(model)
    onnx.checker.check_model(half, full_check=True)
    assert types(half)["scales"] == FLOAT
    assert run(half, images(1, 4))["z"].shape == (1, 8, 8, 3)


def test_an_island_that_is_not_a_node_is_an_error(graph):
    with pytest.raises(ValueError, match="islands nowhere are not nodes"):
        to_half(graph, ["nowhere"])


def test_a_norm_written_out_is_the_same_norm_and_shows_its_overflow(graph):
    spelt = spell_out_norms(graph)
    assert "ReduceL2" in {node.op_type for node in graph.graph.node}
    assert "ReduceL2" not in {node.op_type for node in spelt.graph.node}
    for name, values in run(graph, images(3)).items():
        np.testing.assert_allclose(run(spelt, images(3))[name], values, rtol=0, atol=1e-6)
    model = small_graph([("ReduceL2", ["x", "axes"], "z")], axes=np.array([1, 2, 3]))
    white = np.full((1, 4, 4, 3), 255, np.uint8)
    assert np.isinf(run(with_every_rounding(to_half(spell_out_norms(model))), white)["z"]).all()


def test_every_rounding_is_that_of_numpy():
    model = small_graph([("Div", ["x", "seven"], "y"), ("Mul", ["y", "seven"], "z")], seven=np.float32(7.1))
    x = images(1, 4).astype(np.float16)
    expected = (x / np.float16(7.1)) * np.float16(7.1)
    assert (expected != x).any()
    np.testing.assert_array_equal(run(with_every_rounding(to_half(model)), images(1, 4))["z"], expected)


def test_every_output_of_a_node_is_rounded():
    """A rotary embedding of positions halves its channels with one node of two outputs."""
    model = small_graph([("Div", ["x", "seven"], "y"), ("Add", ["first", "second"], "z")], seven=np.float32(7.1))
    sides = helper.make_node("Split", ["y"], ["first", "second"], name="Split", axis=2, num_outputs=2)
    model.graph.node.insert(2, sides)
    first, second = np.split(images(1, 4).astype(np.float16) / np.float16(7.1), 2, axis=2)
    got = run(with_every_rounding(to_half(model)), images(1, 4))["z"]
    np.testing.assert_array_equal(got, first + second)


def test_groups_are_heavy_nodes_alone_and_light_ones_that_touch(graph):
    all_groups = node_groups(graph)
    assert sorted(name for group in all_groups for name in group) == sorted(node.name for node in graph.graph.node)
    kinds = {node.name: node.op_type for node in graph.graph.node}
    group_of = {name: group for group in all_groups for name in group}
    makers = {name: node for node in graph.graph.node for name in node.output}
    for group in all_groups:
        assert len(group) == 1 or not {kinds[name] for name in group} & set(HEAVY)
    for node in graph.graph.node:
        for source in (makers[name] for name in node.input if name in makers):
            if not {node.op_type, source.op_type} & set(HEAVY):
                assert group_of[node.name] == group_of[source.name]


def small_graph(steps, **constants) -> onnx.ModelProto:
    """Return a graph from uint8 ``images``, as float32 ``x``, to ``z``; a node is named by its kind."""
    nodes = [helper.make_node("Cast", ["images"], ["x"], name="Cast", to=FLOAT)]
    nodes += [helper.make_node(kind, inputs, [output], name=kind) for kind, inputs, output in steps]
    if steps[-1][0] == "ReduceL2":
        nodes[-1].attribute.append(helper.make_attribute("keepdims", 1))
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 4, 4, 3])],
        [helper.make_tensor_value_info("z", FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
