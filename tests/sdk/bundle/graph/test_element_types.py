"""The types that each operator takes and gives are those of the package `onnx`; others are refused before a runtime."""

from collections.abc import Sequence

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fashionsdk.bundle.graph import OPERATORS
from fashionsdk.bundle.graph._element_types import SIGNATURES, check_types
from fashionsdk.bundle.graph._onnx_graph import ITEM_SIZES, read_graph

NUMBER = {
    f"tensor({name})": kind
    for name, kind in {
        "float": 1,
        "uint8": 2,
        "int8": 3,
        "uint16": 4,
        "int16": 5,
        "int32": 6,
        "int64": 7,
        "bool": 9,
        "float16": 10,
        "double": 11,
        "uint32": 12,
        "uint64": 13,
        "bfloat16": 16,
    }.items()
}
STATED = {"Cast", "Constant", "ConstantOfShape", "DequantizeLinear"}  # whose output's type an attribute may say
node = helper.make_node


def letter_types(schema: onnx.defs.OpSchema, letter: str) -> set[int]:
    """Return the types that a letter of a schema stands for, of those that a graph here may have."""
    names = {each.type_param_str: each.allowed_type_strs for each in schema.type_constraints}
    return {NUMBER[name] for name in names.get(letter, [letter]) if name in NUMBER}


def test_every_operator_has_a_signature():
    assert set(SIGNATURES) == OPERATORS
    assert set(NUMBER.values()) == set(ITEM_SIZES)


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_a_signature_is_that_of_onnx(operator: str):
    schema, ours = onnx.defs.get_schema(operator), SIGNATURES[operator]
    letters = [ours.inputs[min(index, len(ours.inputs) - 1)] for index in range(len(schema.inputs))]
    for theirs, letter in zip(schema.inputs, letters, strict=True):
        assert ours.allowed[letter] == letter_types(schema, theirs.type_str), (theirs.name, letter)
    for theirs, letter in zip(schema.inputs, letters, strict=True):
        for other, second in zip(schema.inputs, letters, strict=True):
            if not theirs.type_str.startswith("tensor("):
                assert (theirs.type_str == other.type_str) == (letter == second), (theirs.name, other.name)
    output = schema.outputs[0].type_str
    assert ours.allowed[ours.output] == letter_types(schema, output)
    same = [theirs.type_str == output for theirs in schema.inputs]
    if operator not in STATED and len(ours.allowed[ours.output]) > 1:
        assert same == [letter == ours.output for letter in letters]


def check(nodes: Sequence[onnx.NodeProto], **constants: object) -> None:
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["B", 8, 8, 3])
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "g", [images], [], tensors)
    check_types(read_graph(memoryview(helper.make_model(graph).SerializeToString()), OPERATORS))


HALVES = np.ones(3, np.float32)


def test_a_product_of_whole_numbers_and_floats_is_refused():
    shape, root = node("Shape", ["images"], ["s"]), node("Sqrt", ["x"], ["r"])
    check([shape, root, node("Cast", ["s"], ["f"], to=1), node("Mul", ["f", "r"], ["y"])], x=HALVES)
    with pytest.raises(ValueError, match="a node Mul reads tensors of the types 7, 1"):
        check([shape, root, node("Mul", ["s", "r"], ["y"])], x=HALVES)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("Sigmoid", ["images"], ["y"])], "Sigmoid reads tensors of the types 2"),
        ([node("Expand", ["x", "x"], ["y"])], "Expand reads tensors of the types 1, 1"),
        ([node("Where", ["x", "x", "x"], ["y"])], "Where reads tensors of the types 1, 1, 1"),
        ([node("Concat", ["x", "images"], ["y"], axis=0)], "Concat reads tensors of the types 1, 2"),
        ([node("Equal", ["x", "x"], ["b"]), node("Add", ["b", "b"], ["y"])], "Add reads tensors of the types 9, 9"),
        ([node("Cast", ["x"], ["y"], to=8)], "Cast writes the type 8"),
        ([node("QuantizeLinear", ["x", "x"], ["q"]), node("Tanh", ["q"], ["y"])], "Tanh reads tensors of the types 2"),
        ([node("ConstantOfShape", ["n"], ["c"]), node("Gather", ["x", "c"], ["y"])], "Gather reads .* types 1, 1"),
    ],
)
def test_types_follow_the_nodes(nodes: Sequence[onnx.NodeProto], message: str):
    with pytest.raises(ValueError, match=message):
        check(nodes, x=HALVES, n=np.array([2]))
