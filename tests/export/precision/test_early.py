"""A pooling of bytes: the same answers to the bit as rounding after a pooling of floats."""

import numpy as np
import onnx
import onnxruntime
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from fashionsdk_export.precision.early_quantisation import quantise_early

SHAPE, POOLED = (2, 3, 9, 8), (2, 3, 5, 4)


def pooled(scale: float, zero: int, kind: type[np.integer], *, also_read: bool = False) -> onnx.ModelProto:
    """Return a graph that pools, and quantises what it pooled; ``also_read``: and gives the floats out."""
    nodes = [
        helper.make_node("Neg", ["x"], ["source"], name="source"),
        helper.make_node(
            "MaxPool", ["source"], ["pool"], name="pool", kernel_shape=[3, 3], pads=[1] * 4, strides=[2] * 2
        ),
        helper.make_node("QuantizeLinear", ["pool", "scale", "zero"], ["quantised"], name="quantise"),
        helper.make_node("DequantizeLinear", ["quantised", "scale", "zero"], ["y"], name="restore"),
        *([helper.make_node("Neg", ["pool"], ["z"], name="other")] if also_read else []),
    ]
    constants = [numpy_helper.from_array(np.array(scale, np.float32), "scale")]
    constants.append(numpy_helper.from_array(np.array(zero, kind), "zero"))
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, POOLED) for name in ("y", "z")[: 1 + also_read]]
    graph = helper.make_graph(
        nodes, "pooled", [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)], outputs, constants
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def answer(model: onnx.ModelProto, values: np.ndarray) -> np.ndarray:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # the graph as it is written
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["y"], {"x": values})[0]


@given(
    seed=st.integers(0, 2**16),
    scale=st.floats(0.001, 1000),
    zero=st.integers(0, 255),
    kind=st.sampled_from((np.uint8, np.int8)),
)
def test_answers_stay_the_same_to_the_bit(seed: int, scale: float, zero: int, kind: type[np.integer]):
    model = pooled(scale, zero - (128 if kind is np.int8 else 0), kind)
    values = np.random.default_rng(seed).normal(0, 100 * scale, SHAPE).astype(np.float32)
    expected = answer(model, values)
    quantise_early(model)
    onnx.checker.check_model(model, full_check=True)
    order = [node.op_type for node in model.graph.node]
    assert order == ["Neg", *("QuantizeLinear", "DequantizeLinear"), "MaxPool", *("QuantizeLinear", "DequantizeLinear")]
    np.testing.assert_array_equal(answer(model, values), expected)


def test_a_pooling_whose_floats_are_read_elsewhere_stays():
    model = pooled(0.1, 128, np.uint8, also_read=True)
    before = model.SerializeToString()
    quantise_early(model)
    assert model.SerializeToString() == before
