"""The reader of ONNX files sees what the package `onnx` sees, and refuses what is damaged, without one other error."""

from string import ascii_lowercase
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from fashionsdk.bundle.graph import OPERATORS, RefusedGraphError
from fashionsdk.bundle.graph._onnx_graph import MOST_VALUES, Tensor, read_graph
from fashionsdk.bundle.graph._protobuf import Field, ProtobufReader

RESERVED = {"name", "domain", "overload"}
names = st.text(st.characters(codec="utf-8"), max_size=6)
words = st.sampled_from(sorted(OPERATORS))
shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
arrays = st.builds(
    lambda shape, kind, seed: np.random.default_rng(seed).integers(-99, 99, shape).astype(kind),
    shapes,
    st.sampled_from([np.float32, np.float16, np.int64, np.int32, np.uint8, np.int8, np.bool_]),
    st.integers(0, 9),
)
values = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5),
    st.text(max_size=5).map(str.encode),
    st.floats(width=32, allow_nan=False),
    arrays.map(numpy_helper.from_array),
)
nodes = st.builds(
    lambda kind, inputs, outputs, attributes: helper.make_node(kind, inputs, outputs, **attributes),
    words,
    st.lists(names, max_size=3),
    st.lists(names, max_size=3),
    st.dictionaries(st.text(ascii_lowercase, min_size=1, max_size=8).filter(lambda name: name not in RESERVED), values),
)
models = st.builds(
    lambda nodes, tensors: helper.make_model(
        helper.make_graph(nodes, "g", [], [], [numpy_helper.from_array(a, str(i)) for i, a in enumerate(tensors)])
    ),
    st.lists(nodes, max_size=4),
    st.lists(arrays, max_size=4),
)


def assert_same(found: Any, expected: onnx.AttributeProto) -> None:
    value = helper.get_attribute_value(expected)
    if isinstance(found, Tensor):
        assert_tensor(found, value)
    elif expected.type in (onnx.AttributeProto.FLOAT, onnx.AttributeProto.FLOATS):
        assert found is None
    else:
        assert found == (tuple(value) if isinstance(found, tuple) else value)


def assert_tensor(found: Tensor, expected: onnx.TensorProto) -> None:
    array = numpy_helper.to_array(expected)
    assert (found.shape, found.itemsize, dict(found.external)) == (array.shape, array.itemsize, {})
    if array.dtype in (np.float32, np.int64, np.int32, np.bool_):
        np.testing.assert_array_equal(found.values, array)
    else:
        assert found.values is None


@settings(max_examples=50)
@given(models)
def test_a_graph_reads_as_the_package_onnx_reads_it(model: onnx.ModelProto):
    found = read_graph(memoryview(model.SerializeToString()), OPERATORS)
    assert len(found.nodes) == len(model.graph.node)
    for node, expected in zip(found.nodes, model.graph.node, strict=True):
        assert (node.operator, node.inputs, node.outputs) == (
            expected.op_type,
            tuple(expected.input),
            tuple(expected.output),
        )
        assert list(node.attributes) == [attribute.name for attribute in expected.attribute]
        for attribute in expected.attribute:
            assert_same(node.attributes[attribute.name], attribute)
    for tensor, stored in zip(found.constants, model.graph.initializer, strict=True):
        assert tensor.name == stored.name
        assert_tensor(tensor, stored)


@settings(max_examples=100)
@given(data=st.data())
def test_a_mutated_graph_reads_or_is_a_value_error(tiny_model: Any, data: st.DataObject):
    whole = tiny_model.graph().SerializeToString()
    start = data.draw(st.integers(0, len(whole) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=6))
    end = data.draw(st.sampled_from([len(whole), start + len(patch)]))
    try:
        read_graph(memoryview(whole[:start] + patch + whole[start + len(patch) : end]), OPERATORS)
    except ValueError:
        return


@pytest.mark.parametrize("kind", ["FLOAT", "INT64", "INT32", "FLOAT16", "BOOL"])
def test_numbers_that_are_not_raw_bytes_are_read_too(kind: str):
    tensor = helper.make_tensor("t", getattr(TensorProto, kind), [2, 2], [1, 0, 1, 1])
    model = helper.make_model(helper.make_graph([], "g", [], [], [tensor]))
    (found,) = read_graph(memoryview(model.SerializeToString()), OPERATORS).constants
    assert found.shape == (2, 2)
    if kind != "FLOAT16":
        np.testing.assert_array_equal(found.values, [[1, 0], [1, 1]])


def test_a_large_constant_is_not_read():
    model = helper.make_model(
        helper.make_graph([], "g", [], [], [numpy_helper.from_array(np.zeros(MOST_VALUES + 1, np.int64), "w")])
    )
    (found,) = read_graph(memoryview(model.SerializeToString()), OPERATORS).constants
    assert found.values is None
    assert found.size == MOST_VALUES + 1


def tensor_of(**fields: Any) -> onnx.TensorProto:
    return onnx.TensorProto(name="w", data_type=TensorProto.FLOAT, **fields)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (tensor_of(dims=[1 << 40], raw_data=b"1234"), "has 4 bytes for the shape"),
        (tensor_of(dims=[2], raw_data=b"1234"), "has 4 bytes for the shape"),
        (tensor_of(dims=[1 << 30]), "has 0 bytes for the shape"),
        (tensor_of(dims=[-1], raw_data=b""), "has the shape"),
        (tensor_of(dims=[1], raw_data=b"1234", data_location=1), "says in two ways where its data lie"),
        (tensor_of(dims=[1], data_location=1), "says in two ways where its data lie"),
        (onnx.TensorProto(dims=[1], data_type=TensorProto.STRING, string_data=[b"x"]), "has the field string_data"),
        (onnx.TensorProto(dims=[1], data_type=TensorProto.COMPLEX64, raw_data=b"12345678"), "has the type 14"),
    ],
)
def test_a_constant_that_is_not_what_it_says_is_refused(tensor: onnx.TensorProto, message: str):
    model = helper.make_model(helper.make_graph([], "g", [], [], [tensor]))
    with pytest.raises(ValueError, match=message):
        read_graph(memoryview(model.SerializeToString()), OPERATORS)


# Two parsers may read these two ways: one takes the first, one the last, one merges, one skips.
FIELDS = {2: Field("word"), 3: Field("number", "int"), 4: Field("numbers", "int", repeated=True)}
TWICE = b"\x12\x01a\x12\x01b"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (TWICE, "has the field word twice"),
        (b"\x32\x01a", "has the unknown field 6"),
        (b"\x02\x01a", "has the unknown field 0"),
        (b"\x12\x05a", "ends inside the field word"),
        (b"\x12", "ends inside a number"),
        (b"\x18\xff", "ends inside a number"),
        (b"\x18" + b"\xff" * 9 + b"\x02", "one of over 64 bits"),
        (b"\x18" + b"\x80" * 11 + b"\x01", "one of over 64 bits"),
        (b"\x10\x01", "has the field word with the wire type 0"),
        (b"\x1a\x01\x01", "has the field number with the wire type 2"),
        (b"\x13\x14", "has the field word with the wire type 3"),
        (b"\x92\x80\x80\x80\x80\x80\x01\x01a", "has the unknown field"),
    ],
)
def test_a_message_with_two_meanings_is_refused(data: bytes, message: str):
    with pytest.raises(ValueError, match=message):
        ProtobufReader().message(memoryview(data), FIELDS, "it")


def test_signed_numbers_are_read_packed_and_single():
    reader = ProtobufReader()
    minus = b"\xff" * 9 + b"\x01"
    message = reader.message(memoryview(b"\x20\x05\x22\x0b\x07" + minus), FIELDS, "it")
    assert reader.integers(message["numbers"], "it") == (5, 7, -1)


def test_the_number_of_fields_is_bounded():
    with pytest.raises(ValueError, match="it has more than"):
        ProtobufReader(10).message(memoryview(b"\x20\x05" * 11), FIELDS, "it")
    reader = ProtobufReader(10)
    with pytest.raises(ValueError, match="it has more than"):
        reader.integers(reader.message(memoryview(b"\x22\x0b" + b"\x01" * 11), FIELDS, "it")["numbers"], "it")


def test_what_no_export_writes_is_named():
    graph = helper.make_graph([], "g", [], [])
    function = helper.make_function("d", "f", [], [], [], [helper.make_opsetid("", 18)])
    sparse = helper.make_graph([], "g", [], [])
    sparse.sparse_initializer.add()
    for model, field in (
        (helper.make_model(graph, functions=[function]), "functions"),
        (helper.make_model(sparse), "sparse_initializer"),
    ):
        with pytest.raises(RefusedGraphError, match=f"has the field {field} in the (model|graph)"):
            read_graph(memoryview(model.SerializeToString()), OPERATORS)
