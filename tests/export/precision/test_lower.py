"""Lower precision where it costs nothing, float32 where it would cost much."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from fashionsdk_export.errors import ExportError
from fashionsdk_export.precision.lowering import GOALS, lower
from fashionsdk_export.precision.precision_loss import Goal, PrecisionLoss, embed
from tests.export.graphs import images

PHOTOS = images(40)


@pytest.fixture(scope="module")
def graph(graph_of) -> onnx.ModelProto:
    return graph_of("asen_v2")


def with_outlier(graph: onnx.ModelProto) -> tuple[onnx.ModelProto, str]:
    """Return the same function with one channel after the first convolution scaled up, and back down in the next.

    Its range then leaves the other channels a few of the 256 steps: the next convolution is spoilt by INT8 alone.
    """
    model = onnx.ModelProto()
    model.CopyFrom(graph)
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    first, second = convolutions[:2]
    weights = {weight.name: weight for weight in model.graph.initializer}
    for name, index, factor in (
        (first.input[1], (0,), 4000.0),
        (first.input[2], (0,), 4000.0),
        (second.input[1], (slice(None), 0), 1 / 4000.0),
    ):
        values = numpy_helper.to_array(weights[name]).copy()
        values[index] *= np.float32(factor)
        weights[name].CopyFrom(numpy_helper.from_array(values, name))
    return model, second.name


def test_int8_leaves_the_layer_that_it_would_spoil_in_float(graph, monkeypatch):
    monkeypatch.setitem(GOALS, "int8", Goal(0.02, 0.0))
    spoilt, layer = with_outlier(graph)
    np.testing.assert_allclose(embed(spoilt, PHOTOS[:4]), embed(graph, PHOTOS[:4]), rtol=0, atol=1e-4)
    assert lower(graph, "int8", PHOTOS).in_float == ()
    assert layer in lower(spoilt, "int8", PHOTOS).in_float


def test_half_keeps_the_norm_in_float_and_little_else(graph):
    lowered = lower(graph, "fp16", PHOTOS)
    kinds = {node.name: node.op_type for node in lowered.model.graph.node}
    assert any(name.endswith(".sum") for name in lowered.in_float)
    assert not {kinds[name] for name in lowered.in_float} & {"Conv", "Gemm"}
    lengths = np.linalg.norm(embed(lowered.model, PHOTOS), axis=-1)
    np.testing.assert_allclose(lengths, 1, atol=1e-3)


@pytest.mark.parametrize(("precision", "goal"), [("fp16", Goal(1e-9, 1.0)), ("int8", Goal(1e-9, 1.0))])
def test_a_goal_out_of_reach_is_an_error_that_says_how_much_would_stay_in_float(graph, monkeypatch, precision, goal):
    monkeypatch.setitem(GOALS, precision, goal)
    with pytest.raises(ExportError, match=f"the {precision} graph keeps .* parts in float32"):
        lower(graph, precision, PHOTOS)


def test_too_few_photos_for_int8_are_an_error(graph):
    with pytest.raises(ExportError, match="31 photos to calibrate int8 on; expected 32"):
        lower(graph, "int8", PHOTOS[:31])


def test_a_graph_whose_answers_are_not_numbers_is_never_good(graph):
    broken = onnx.ModelProto()
    broken.CopyFrom(graph)
    bias = next(weight for weight in broken.graph.initializer if len(weight.dims) == 1 and weight.data_type == 1)
    bias.CopyFrom(numpy_helper.from_array(np.full(bias.dims, np.nan, np.float32), bias.name))
    measured = PrecisionLoss(graph, PHOTOS, Goal(2.0, 0.0))(broken)
    assert not measured.good
    assert measured.cost == np.inf
