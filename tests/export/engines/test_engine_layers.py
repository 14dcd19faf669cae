"""The libraries' descriptions of engines are read as they are written, or not at all."""

import pytest

from fashionsdk_export.engines.engine_layers import UNKNOWN, EngineLayer, parse_layers
from fashionsdk_export.errors import ExportError

# As TensorRT for RTX 1.7 logs it: types and formats apart, weights as constants.
RTX = (
    "Layers:\n"
    "Name: __mye1_0_myl0_0, LayerType: shape_call, Inputs: [], Constants: [], Outputs: [], TacticName: , StreamId: 0, "
    "Metadata: \n"
    "Name: node_Conv_1_myl0_2, LayerType: correlation, Inputs: [ { Name: hardtanh.1_81_myl0, Dimensions: [-1,3,8,8], "
    "Strides: [192,1,24,3], StrideOrder: [3,0,2,1], Datatype: Half, Format: (NHWC) Channel major format }], "
    "Constants: [ { Name: w, Dimensions: [32,3,3,3], Strides: [27,1,9,3], StrideOrder: [3,0,2,1], Datatype: Half, "
    "Format: (NHWC) Channel major format }, { Name: alpha, Dimensions: [1], Strides: [1], StrideOrder: [0], "
    "Datatype: Float, Format: (Linear) Row major linear format }], Outputs: [ { Name: out, Dimensions: [-1,32,4,4], "
    "Strides: [512,1,128,32], StrideOrder: [3,0,2,1], Datatype: Half, Format: (NHWC) Channel major format }], "
    "TacticName: __myelin_CASK_STUB, StreamId: 0, Metadata: [ONNX Layer: node_Conv_1]\x1f[ONNX Layer: n4]"
    "__gemm_from_conv1x1\n"
    "\nI/O Tensors:\n Name: images, IOMode: Input, DataType: UInt8, Dimensions: [-1,8,8,3], Location: Device\n"
    "\nEngine Metadata:\n Multi-Device: Disabled\n"
)
# As TensorRT 10 writes it: formats that name their type, weights by count, factors among the inputs.
TENSORRT = (
    "Layers:\n"
    "Name: Reformatting CopyNode for Input Tensor 0 to a + b, LayerType: Reformat, Inputs: [ { Name: images, "
    "Location: Device, Dimensions: [1,3,8,8], Format/Datatype: Row major linear FP32 }], Outputs: [ { Name: copy, "
    "Location: Device, Dimensions: [1,3,8,8], Format/Datatype: Channel major FP16 format where channel % 8 == 0 }], "
    "ParameterType: Reformat, Origin: REFORMAT, TacticValue: 0x00000000000003e8, StreamId: 0, Metadata: \n\n"
    "Name: a + b, LayerType: CaskConvolution, Inputs: [ { Name: (Unnamed Layer* 7) [Shuffle]_output, Location: Device, "
    "Dimensions: [-1,3,8,8], Format/Datatype: N/A due to dynamic shapes }], Outputs: [ { Name: x, Location: Device, "
    "Dimensions: [-1,64,4,4], Format/Datatype: Thirty-two wide channel vectorized row major Int8 format }], "
    'ParameterType: Convolution, Kernel: [3,3], OutMaps: 64, Weights: {"Type": "Half", "Count": 1728}, '
    'Bias: {"Type": "Float", "Count": 64}, Activation: RELU, TacticName: sm80, TacticValue: 0x1, StreamId: 0, '
    "Metadata: [ONNX Layer: /a[0]/Conv]\x1e[ONNX Layer: /b, or c/Relu]\n"
    "Name: /d/Gemm_myl9_4, LayerType: gemm, Inputs: [ { Name: x'.1_4, Dimensions: [1,64], Format/Datatype: Half }, "
    "{ Name: y, Dimensions: [64,9], Format/Datatype: Half }, { Name: alpha, Dimensions: [1], "
    "Format/Datatype: Float }], Outputs: [ { Name: z, Dimensions: [1,9], Format/Datatype: Half }], "
    "TacticName: sm50, StreamId: 0, Metadata: [ONNX Layer: /d/Gemm]\n"
    "\nBindings:\nimages\nz\n"
)


def test_the_log_of_tensorrt_for_rtx_is_read():
    assert parse_layers(RTX) == (
        EngineLayer("__mye1_0_myl0_0", "shape_call", (), (), (), ()),
        EngineLayer("node_Conv_1_myl0_2", "correlation", ("Half",), ("Half",), ("Half",), ("node_Conv_1", "n4")),
    )


def test_the_text_of_tensorrts_inspector_is_read():
    copy, convolution, product = parse_layers(TENSORRT)
    assert copy.name == "Reformatting CopyNode for Input Tensor 0 to a + b"
    assert (copy.inputs, copy.outputs, copy.nodes) == (("Float",), ("Half",), ())
    assert (convolution.inputs, convolution.constants) == ((UNKNOWN,), ("Half",))
    assert convolution.outputs == ("Int8",)
    assert convolution.nodes == ("/a[0]/Conv", "/b, or c/Relu")
    assert (product.inputs, product.constants, product.nodes) == (("Half", "Half"), (), ("/d/Gemm",))


def test_a_layer_whose_name_has_commas_and_brackets_is_read():
    name = "PWN(PWN(a, b), [c]) + {d}, e"
    (layer,) = parse_layers(f"Layers:\nName: {name}, LayerType: PointWiseV2, Inputs: [], Outputs: [], Metadata: ")
    assert (layer.name, layer.kind) == (name, "PointWiseV2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it begins with ''"),
        ('{"Layers": []}', 'it begins with \'{"Layers"'),
        ("Layers:\n\nI/O Tensors:\n Name: images\n", "it lists no layers"),
        ("Layers:\nnode_Conv_1\nnode_Conv_2\n", "this line is no layer with inputs and outputs: 'node_Conv_1'"),
        (RTX.replace("Datatype: Half", "Datatype: Quarter"), "'Quarter' is no type"),
        (RTX.replace("Datatype: Half, ", ""), "has no type"),
        (RTX.replace("LayerType", "Kind"), "this line is no layer"),
        (RTX.replace("Outputs: [ {", "Results: [ {"), "this line is no layer"),
        (RTX.replace("I/O Tensors:", "Tensors:"), "this line is no layer with inputs and outputs: 'Tensors:'"),
    ],
)
def test_a_text_that_cannot_be_understood_is_an_error(text, message):
    with pytest.raises(ExportError) as caught:
        parse_layers(text)
    assert "description of the engine cannot be read" in str(caught.value)
    assert message in str(caught.value)
