"""The share of convolutions in a graph's arithmetic, counted by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fashionsdk_export.errors import ExportError
from fashionsdk_export.precision import lower
from fashionsdk_export.precision.convolution_share import convolution_share


def graph(inner: int) -> onnx.ModelProto:
    """Return a 2 x 2 convolution of 8 x 8 pixels from 3 to 4 channels, and a product with a matrix (49, inner)."""
    weights = {
        "kernel": np.zeros((4, 3, 2, 2), np.float32),
        "matrix": np.zeros((49, inner), np.float32),
        "shape": np.array([0, 4, 49]),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["pixels"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["planes"], name="planes", perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "kernel"], ["map"], name="conv"),  # (B, 4, 7, 7)
        helper.make_node("Reshape", ["map", "shape"], ["rows"], name="rows"),
        helper.make_node("MatMul", ["rows", "matrix"], ["embeddings"], name="product"),  # (B, 4, inner)
    ]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 8, 8, 3])
    out = helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", 4, inner])
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    made = helper.make_graph(nodes, "g", [images], [out], initializers)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)])


@pytest.mark.parametrize("inner", [3, 50])
def test_the_share_is_multiply_adds_of_the_convolution_over_all(inner):
    convolution, product = 4 * 7 * 7 * 3 * 2 * 2, 4 * inner * 49
    assert convolution_share(graph(inner)) == pytest.approx(convolution / (convolution + product))


def test_int8_of_a_graph_that_is_nearly_all_products_is_refused_with_the_share():
    images = np.zeros((32, 8, 8, 3), np.uint8)
    with pytest.raises(ExportError, match=r"convolutions, which do 19% of this graph's arithmetic.*leave int8 out"):
        lower(graph(50), "int8", images)
