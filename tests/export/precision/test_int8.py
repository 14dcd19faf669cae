"""INT8 graphs: ranges from photos, scales per channel, and only the requested layers."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from fashionsdk_export.precision.int8 import BATCH, Quantiser
from fashionsdk_export.precision.symmetric import to_symmetric
from tests.export.graph.cuda_kernels import left_on_the_host
from tests.export.graphs import assert_bundles_take, images, run
from tests.training.conftest import SYSTEMS

PHOTOS = images(24)
COSINE = 0.9  # of networks whose weights are random
PAIR = ("QuantizeLinear", "DequantizeLinear")


@pytest.fixture(scope="module")
def graph(graph_of) -> onnx.ModelProto:
    return graph_of("asen")


@pytest.fixture(scope="module")
def quantiser(graph) -> Quantiser:
    return Quantiser(graph, PHOTOS)


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_answers_alike_with_all_layers_in_int8_and_as_tensorrt_takes_them(graph_of, system):
    graph = graph_of(system)
    quantiser = Quantiser(graph, PHOTOS)
    quantised = quantiser.quantise(quantiser.layers())
    expected = run(graph, PHOTOS[:6])
    for model in (quantised, to_symmetric(quantised)):
        onnx.checker.check_model(model, full_check=True)
        assert_bundles_take(model)
        assert left_on_the_host(model) == []
        answers = run(model, PHOTOS[:6])
        assert {name: value.shape for name, value in answers.items()} == {n: v.shape for n, v in expected.items()}
        assert np.median((expected["embeddings"] * answers["embeddings"]).sum(-1)) > COSINE


def test_the_layers_are_convolutions_and_sums_of_two_feature_maps(graph, quantiser):
    kinds = {node.name: node for node in graph.graph.node}
    layers = quantiser.layers()
    assert {name for name, node in kinds.items() if node.op_type == "Conv"} <= set(layers)
    sums = [kinds[name] for name in layers if kinds[name].op_type == "Add"]
    constants = {weight.name for weight in graph.graph.initializer}
    assert sums
    assert not any(constants & set(node.input) for node in sums)
    assert {kinds[name].op_type for name in layers} == {"Conv", "Add"}


def test_only_the_layers_asked_for_read_int8(quantiser):
    asked = quantiser.layers()[2:5]
    quantised = quantiser.quantise(asked)
    makers = {name: node.op_type for node in quantised.graph.node for name in node.output}
    for node in quantised.graph.node:
        if node.op_type in ("Conv", "Add") and node.name:
            reads = {makers.get(name) for name in node.input[:2]}
            assert (reads == {"DequantizeLinear"}) == (node.name in asked)


def test_no_layers_give_the_graph_as_it_is(graph, quantiser):
    assert quantiser.quantise([]).SerializeToString() == graph.SerializeToString()


def test_weights_have_a_scale_a_channel_and_activations_the_mean_range_of_batches(graph, quantiser):
    name = quantiser.layers()[0]
    quantised = quantiser.quantise([name])
    constants = {weight.name: numpy_helper.to_array(weight) for weight in quantised.graph.initializer}
    conv = next(node for node in graph.graph.node if node.name == name)
    kernel = {weight.name: numpy_helper.to_array(weight) for weight in graph.graph.initializer}[conv.input[1]]
    seen = watched(graph, conv.input[0])
    steps = {}
    for node in quantised.graph.node:
        if node.op_type == "DequantizeLinear":
            scale, zero = (constants[i] for i in node.input[1:3])
            steps["weight" if scale.size > 1 else "activation"] = scale, zero
    np.testing.assert_allclose(steps["weight"][0], np.abs(kernel).max(axis=(1, 2, 3)) / 127, rtol=1e-5)
    assert not steps["weight"][1].any()
    batches = [seen[start : start + BATCH] for start in range(0, len(seen), BATCH)]
    low, high = min(0, np.mean([b.min() for b in batches])), max(0, np.mean([b.max() for b in batches]))
    np.testing.assert_allclose(steps["activation"][0], (high - low) / 255, rtol=1e-4)
    assert steps["activation"][1] == round(-low / (high - low) * 255)


def test_the_symmetric_graph_covers_the_same_range_in_int8_with_zero_points_of_0(quantiser):
    quantised = quantiser.quantise(quantiser.layers())
    signed = to_symmetric(quantised)
    before, after = ({w.name: w for w in model.graph.initializer} for model in (quantised, signed))
    seen = 0
    for old, new in zip(quantised.graph.node, signed.graph.node, strict=True):
        assert old == new
        if old.op_type in PAIR and before[old.input[2]].data_type == TensorProto.UINT8:
            step, zero = (numpy_helper.to_array(before[name]).astype(float) for name in old.input[1:3])
            scale, middle = (numpy_helper.to_array(after[name]) for name in old.input[1:3])
            assert middle.dtype == np.int8
            assert not middle.any()
            np.testing.assert_allclose(127 * scale, max(step * zero, step * (255 - zero)), rtol=1e-6)
            seen += 1
    assert seen
    assert not any(weight.data_type == TensorProto.UINT8 for weight in signed.graph.initializer)


def watched(graph, name):
    """Return what a tensor holds when the graph runs on the photos."""
    model = onnx.ModelProto()
    model.CopyFrom(onnx.shape_inference.infer_shapes(graph))
    value = next(value for value in model.graph.value_info if value.name == name)
    model.graph.output.append(value)
    return run(model, PHOTOS)[name]
