"""What counts as computing in a precision, on layers as both libraries describe them."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from fashionsdk_export.engines import EngineLayer, check_layers
from fashionsdk_export.engines.engine_layers import UNKNOWN
from fashionsdk_export.errors import ExportError

ONE = "one"
HALF, FLOAT = TensorProto.FLOAT16, TensorProto.FLOAT


def save(nodes: list[onnx.NodeProto], kind: int, path: Path) -> Path:
    """Write a graph whose weights ``w`` and whose factor ``a`` are of a type."""
    values = [
        helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 4, 4, 3]),
        helper.make_tensor_value_info("y", kind, ["B", 4, 4, 5]),
    ]
    weights = [helper.make_tensor("w", kind, [3, 5], [0.5] * 15), helper.make_tensor("v", kind, [5, 3], [0.5] * 15)]
    graph = helper.make_graph(nodes, "graph", values[:1], values[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    return path


@pytest.fixture
def product(tmp_path) -> Path:
    """A graph of one matrix product in float16."""
    cast = helper.make_node("Cast", ["images"], ["x"], "cast", to=HALF)
    return save([cast, helper.make_node("MatMul", ["x", "w"], ["y"], ONE)], HALF, tmp_path / "product.onnx")


def layer(kind: str, inputs: list[str], constants: list[str]) -> EngineLayer:
    return EngineLayer("layer", kind, tuple(inputs), tuple(constants), ("Half",), (ONE,))


@pytest.mark.parametrize(
    "found",
    [
        layer("gemm", ["Half"], ["Half"]),
        layer("gemm", ["Half", "Half"], []),
        layer("gemm", ["Half"], []),  # TensorRT 10 leaves some weights out
        layer("CaskConvolution", [UNKNOWN], ["Half"]),
        layer("CaskGemmConvolution", [UNKNOWN, UNKNOWN], ["Half"]),
        layer("runtime_fusion", ["Float"], ["Half", "Float"]),
        layer("kgen", ["UInt8"], ["Half"]),
    ],
)
def test_layers_in_half_pass_for_float16(product, found):
    beside = layer("kgen", ["UInt8"], [])  # prepares the kernel's input
    check_layers([beside, found], "fp16", product)


@pytest.mark.parametrize(
    "found",
    [
        layer("gemm", ["Float"], ["Float"]),
        layer("gemm", ["Half"], ["Float"]),
        layer("gemm", ["Float"], ["Half"]),
        layer("CaskConvolution", [UNKNOWN], ["Float"]),
        layer("CaskConvolution", [UNKNOWN], []),
        layer("runtime_fusion", ["Float"], ["Float"]),
        layer("kgen", ["Float"], []),
        layer("MatrixMultiply", ["Int8"], ["Int8"]),
    ],
)
def test_layers_that_may_not_be_in_half_fail_for_float16(product, found):
    with pytest.raises(ExportError, match=rf"{ONE} \(float16\) runs as {found.kind} of "):
        check_layers([found], "fp16", product)
    with pytest.raises(ExportError, match=rf"{ONE} \(float16\) runs as "):
        check_layers([layer("gemm", ["Half"], ["Half"]), layer("gemm", ["Float"], ["Float"])], "fp16", product)


def test_a_float32_product_between_casts_may_be_in_half_and_no_other(tmp_path):
    def chain(name: str, *middle: onnx.NodeProto) -> Path:
        begin = [
            helper.make_node("Cast", ["images"], ["bytes"], "cast", to=HALF),
            helper.make_node("Cast", ["v"], ["v16"], "v16", to=HALF),
            helper.make_node("Cast", ["w"], ["w16"], "w16", to=HALF),
            helper.make_node("MatMul", ["bytes", "w16"], ["a"], "half"),
            helper.make_node("MatMul", ["a", "v16"], ["b"], "half too"),
            helper.make_node("Cast", ["b"], ["b32"], "wide", to=FLOAT),
            helper.make_node("MatMul", ["b32", "w"], ["c"], ONE),
        ]
        return save([*begin, *middle], FLOAT, tmp_path / name)

    narrow = helper.make_node("Cast", ["c"], ["d"], "narrow", to=HALF)
    wide = helper.make_node("Cast", ["d"], ["y"], "wide again", to=FLOAT)
    alone = chain("alone.onnx", narrow, wide)
    wide_reader = chain("kept.onnx", helper.make_node("Relu", ["c"], ["y"], "relu"))
    half = EngineLayer("others", "gemm", ("Half",), ("Half",), ("Half",), ("half", "half too"))
    for found in (layer("gemm", ["Half"], ["Half"]), layer("gemm", ["Float"], ["Float"])):
        check_layers([half, found], "fp16", alone)
    check_layers([half, layer("gemm", ["Float"], ["Float"])], "fp16", wide_reader)
    with pytest.raises(ExportError, match=rf"{ONE} \(float32\) runs as gemm of Half, Half"):
        check_layers([half, layer("gemm", ["Half"], ["Half"])], "fp16", wide_reader)


def test_a_product_of_constants_is_in_no_layer(tmp_path):
    nodes = [
        helper.make_node("MatMul", ["w", "v"], ["wv"], "folded"),
        helper.make_node("Cast", ["images"], ["x"], "cast", to=FLOAT),
        helper.make_node("MatMul", ["x", "wv"], ["z"], ONE),
        helper.make_node("MatMul", ["z", "w"], ["y"], "two"),
    ]
    path = save(nodes, FLOAT, tmp_path / "constants.onnx")
    two = EngineLayer("two", "gemm", ("Float",), ("Float",), ("Float",), ("two",))
    check_layers([layer("gemm", ["Float"], ["Float"]), two], "fp32", path)
