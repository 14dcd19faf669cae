"""What an ONNX file holds, read without its weights and before any runtime reads it."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle.graph import _onnx_schema as schema
from fashionsdk.bundle.graph._protobuf import Message, ProtobufReader, Schema, text

MOST_VALUES = 4096  # of a constant whose values are read: lengths, axes, scales; weights are larger

Numbers: TypeAlias = NDArray[Any]  # int64 or float32
Attribute: TypeAlias = "int | tuple[int, ...] | bytes | Tensor | None"


class RefusedGraphError(ValueError):
    """A graph that is whole, but has what no export writes."""


@dataclass(frozen=True)
class Tensor:
    """A constant of a graph.

    Attributes:
        name: of an initializer; "" in an attribute.
        shape: its lengths, none negative.
        kind: its element type, by onnx.proto's number.
        external: key and value of each entry that says where the data lie, if it is another file.
        values: the values of a small tensor of integers, booleans or float32, or ``None``.
    """

    name: str
    shape: tuple[int, ...]
    kind: int
    external: Mapping[str, str]
    values: Numbers | None

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return ITEM_SIZES[self.kind]


@dataclass(frozen=True)
class Node:
    """One operation: its operator, the tensors that it reads and writes, and its attributes.

    An attribute is a number, a tuple of whole numbers, bytes, a `Tensor`, or ``None`` for what sizes never depend on.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Graph:
    """A graph.

    Attributes:
        nodes: in their order.
        constants: the initializers.
        inputs: the declared shapes of its inputs, ``None`` for any length.
        input_types: their element types, by onnx.proto's numbers.
    """

    nodes: Sequence[Node]
    constants: Sequence[Tensor]
    inputs: Mapping[str, tuple[int | None, ...]]
    input_types: Mapping[str, int]


# Bytes of an element, by onnx.proto's number of its type. Strings, complex numbers and those of under a byte are not
# here: no export writes them.
ITEM_SIZES = {1: 4, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 8, 9: 1, 10: 2, 11: 8, 12: 4, 13: 8, 16: 2}
_READ_AS = {1: "<f4", 6: "<i4", 7: "<i8", 9: "?"}  # whose values sizes can depend on
_EXTERNAL = 1
_INT, _STRING, _TENSOR, _INTS = 2, 3, 4, 7
_DOMAINS = ("", "ai.onnx")


T = TypeVar("T")


def read_graph(data: memoryview, operators: Collection[str]) -> Graph:
    """Read an ONNX file whose nodes are ``operators`` of ONNX's own domain.

    Raises:
        RefusedGraphError: it has another operator, or something else that no export writes.
        ValueError: it is not a whole ONNX file.
    """
    return _Reading(operators).model(data)


class _Reading(ProtobufReader):
    """Reads the messages of an ONNX file that decide what a runtime does."""

    def __init__(self, operators: Collection[str]) -> None:
        super().__init__()
        self._operators = operators

    def model(self, data: memoryview) -> Graph:
        model = self._allowed(data, schema.MODEL, schema.NOT_IN_MODEL, "the model")
        if "graph" not in model:
            raise ValueError("it holds no graph")
        graph = self._allowed(_bytes(model["graph"]), schema.GRAPH, schema.NOT_IN_GRAPH, "the graph")
        inputs = _by_name((self._input(_bytes([part])) for part in graph.get("input", [])), "input")
        return Graph(
            nodes=[self._node(_bytes([part])) for part in graph.get("node", [])],
            constants=[self._tensor(_bytes([part]), "an initializer") for part in graph.get("initializer", [])],
            inputs={name: shape for name, (_, shape) in inputs.items()},
            input_types={name: kind for name, (kind, _) in inputs.items()},
        )

    def _allowed(self, data: memoryview, schema: Schema, never: Sequence[str], what: str) -> Message:
        message = self.message(data, schema, what)
        if extra := [name for name in never if name in message]:
            raise RefusedGraphError(f"has the field {extra[0]} in {what}, which no export writes")
        return message

    def _node(self, data: memoryview) -> Node:
        node = self._allowed(data, schema.NODE, schema.NOT_IN_NODE, "a node")
        operator, domain = text(node.get("op_type", [])), text(node.get("domain", []))
        if domain not in _DOMAINS or operator not in self._operators:  # before its attributes, which may be subgraphs
            raise RefusedGraphError(f"has the operator {f'{domain}.' * bool(domain)}{operator:.80}")
        attributes = (self._attribute(_bytes([part])) for part in node.get("attribute", []))
        return Node(
            operator,
            tuple(text([name]) for name in node.get("input", [])),
            tuple(text([name]) for name in node.get("output", [])),
            _by_name(attributes, f"{operator}'s attribute"),
        )

    def _attribute(self, data: memoryview) -> tuple[str, Attribute]:
        attribute = self._allowed(data, schema.ATTRIBUTE, schema.NOT_IN_ATTRIBUTE, "an attribute")
        name, kind = text(attribute.get("name", [])), next(iter(attribute.get("type", [])), 0)
        given = [number for number, field in schema.ATTRIBUTE_TYPES.items() if field in attribute]
        if len(given) > 1 or (given and kind != given[0]):
            raise ValueError(f"the attribute {name} has values of two types")
        if kind == _TENSOR and given:
            return name, self._tensor(_bytes(attribute["t"]), f"the attribute {name}")
        if kind == _INT:
            return name, next(iter(self.integers(attribute.get("i", []), name)), 0)
        if kind == _INTS:
            return name, self.integers(attribute.get("ints", []), name)
        return name, bytes(_bytes(attribute.get("s", []))) if kind == _STRING else None

    def _tensor(self, data: memoryview, what: str) -> Tensor:
        tensor = self._allowed(data, schema.TENSOR, schema.NOT_IN_TENSOR, what)
        shape = self.integers(tensor.get("dims", []), what)
        kind = next(iter(tensor.get("data_type", [])), 0)
        if not isinstance(kind, int) or kind not in ITEM_SIZES:
            raise RefusedGraphError(f"has the type {kind} in {what}, which no export writes")
        if min(shape, default=0) < 0:
            raise ValueError(f"{what} has the shape {shape}")
        external = _by_name(
            (self._entry(_bytes([part])) for part in tensor.get("external_data", [])), "external data's"
        )
        location = next(iter(tensor.get("data_location", [])), 0)
        if location not in (0, _EXTERNAL) or (location == _EXTERNAL) != bool(external):
            raise ValueError(f"{what} says in two ways where its data lie")
        name, itemsize = text(tensor.get("name", [])), ITEM_SIZES[kind]
        stored = _stored_bytes(tensor)
        if external and stored:
            raise ValueError(f"{what} has its data twice")
        needed = math.prod(shape) * (itemsize if "raw_data" in tensor else 1)  # a packed number has a byte at least
        if not external and (needed > stored or ("raw_data" in tensor and needed != stored)):
            raise ValueError(f"{what} {name!r} has {stored} bytes for the shape {shape}")
        values = None if external or math.prod(shape) > MOST_VALUES else self._values(tensor, kind, shape, what)
        return Tensor(name, shape, kind, external, values)

    def _values(self, tensor: Message, kind: int, shape: tuple[int, ...], what: str) -> Numbers | None:
        if kind not in _READ_AS:
            return None
        if "raw_data" in tensor:
            values = np.frombuffer(_bytes(tensor["raw_data"]), _READ_AS[kind])
        elif kind == 1:
            values = np.frombuffer(b"".join(bytes(_bytes([part])) for part in tensor.get("float_data", [])), "<f4")
        else:
            field = "int64_data" if kind == 7 else "int32_data"
            values = np.array(self.integers(tensor.get(field, []), what), np.int64)
        if values.size != math.prod(shape):
            raise ValueError(f"{what} has {values.size} values for the shape {shape}")
        return values.reshape(shape).astype(np.float32 if kind == 1 else np.int64)

    def _entry(self, data: memoryview) -> tuple[str, str]:
        entry = self.message(data, schema.ENTRY, "an entry of external data")
        return text(entry.get("key", [])), text(entry.get("value", []))

    def _input(self, data: memoryview) -> tuple[str, tuple[int, tuple[int | None, ...]]]:
        """Return an input's name, element type and shape."""
        value = self.message(data, schema.VALUE, "an input")
        shape: Message = {}
        element = 0
        if "type" in value:
            kind = self.message(_bytes(value["type"]), schema.TYPE, "an input's type")
            tensor = self.message(_bytes(kind.get("tensor_type", [])), schema.TENSOR_TYPE, "an input's type")
            shape = self.message(_bytes(tensor.get("shape", [])), schema.SHAPE, "an input's shape")
            element = next(iter(self.integers(tensor.get("elem_type", []), "an input's type")), 0)
        lengths = [self.message(_bytes([part]), schema.LENGTH, "an input's length") for part in shape.get("dim", [])]
        sides = (self.integers(each["dim_value"], "a length")[0] if "dim_value" in each else None for each in lengths)
        return text(value.get("name", [])), (element, tuple(sides))


def _by_name(pairs: Iterable[tuple[str, T]], what: str) -> dict[str, T]:
    """Return a dictionary of pairs whose names differ."""
    found: dict[str, T] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{what} {name!r:.80} is there twice")
        found[name] = value
    return found


def _stored_bytes(tensor: Message) -> int:
    """Return how many bytes a tensor's data take in the file, but one for a number that is not packed."""
    fields = ("raw_data", "float_data", "int32_data", "int64_data", "uint64_data")
    parts = [part for name in fields for part in tensor.get(name, [])]
    return sum(part.nbytes if isinstance(part, memoryview) else 1 for part in parts)


def _bytes(values: Sequence[int | memoryview]) -> memoryview:
    """Return a field of bytes, empty if it is absent."""
    if not values:
        return memoryview(b"")
    assert isinstance(values[0], memoryview)  # as the schema says
    return values[0]
