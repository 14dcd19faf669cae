"""Protobuf's wire format: a strict reader whose time and memory are bounded by the size of what it reads.

The runtimes' own parsers are lenient: they merge what is there twice and skip what they do not know. This reader sees a
file before they do, so it rejects whatever two parsers could understand in two ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

MOST_FIELDS = 2_000_000  # of all messages of a file; 100,000 are enough for a graph of a thousand nodes

Kind: TypeAlias = Literal["int", "float", "bytes"]
Value: TypeAlias = int | memoryview

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_WIRE = {"int": _VARINT, "float": _FIXED32, "bytes": _BYTES}
_FIXED_SIZES = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True)
class Field:
    """A field of a message: its name, its type, and whether it may be there several times."""

    name: str
    kind: Kind = "bytes"
    repeated: bool = False


Schema: TypeAlias = Mapping[int, Field]
Message: TypeAlias = dict[str, list[Value]]


class ProtobufReader:
    """Reads the messages of one file, and counts their fields."""

    def __init__(self, most_fields: int = MOST_FIELDS) -> None:
        self._left = most_fields

    def message(self, data: memoryview, schema: Schema, what: str) -> Message:
        """Return the values of each field that is there, by its name; numbers packed into bytes stay packed.

        Args:
            data: the message's bytes; the result refers to them, without a copy.
            schema: its fields by their number.
            what: what the message is called in errors.

        Raises:
            ValueError: it is no such message, has an unknown field, or a field twice that may be there once.
        """
        found: Message = {}
        position, end = 0, len(data)
        while position < end:
            self._count(what)
            tag = data[position]
            if tag < 0x80:  # nearly all tags, and lengths below, have one byte
                position += 1
            else:
                tag, position = _varint(data, position, what)
            field = schema.get(tag >> 3)
            if field is None or tag >> 32:
                raise ValueError(f"{what} has the unknown field {tag >> 3}")
            value: Value
            if tag & 7 == _BYTES and field.kind == "bytes" and position < end and data[position] < 0x80:
                start = position + 1
                position = start + data[position]
                if position > end:
                    raise ValueError(f"{what} ends inside the field {field.name}")
                value = data[start:position]
            else:
                value, position = _value(data, position, tag & 7, field, what)
            values = found.setdefault(field.name, [])
            if values and not field.repeated:
                raise ValueError(f"{what} has the field {field.name} twice")
            values.append(value)
        return found

    def integers(self, values: list[Value], what: str) -> tuple[int, ...]:
        """Return signed numbers of 64 bits: each on its own, or packed into bytes."""
        numbers: list[int] = []
        for value in values:
            if isinstance(value, int):
                numbers.append(_signed(value))
                continue
            position = 0
            while position < len(value):
                self._count(what)
                number, position = _varint(value, position, what)
                numbers.append(_signed(number))
        return tuple(numbers)

    def _count(self, what: str) -> None:
        self._left -= 1
        if self._left < 0:
            raise ValueError(f"it has more than {MOST_FIELDS} fields, the last in {what}")


def text(values: list[Value]) -> str:
    """Return a string field, "" if it is absent.

    Raises:
        ValueError: it is not UTF-8.
    """
    content = bytes(values[0]) if values and isinstance(values[0], memoryview) else b""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the name {content!r:.80} is not UTF-8") from error


def _value(data: memoryview, position: int, wire: int, field: Field, what: str) -> tuple[Value, int]:
    packed = field.repeated and field.kind != "bytes" and wire == _BYTES
    if wire != _WIRE[field.kind] and not packed:
        raise ValueError(f"{what} has the field {field.name} with the wire type {wire}")
    if wire == _VARINT:
        return _varint(data, position, what)
    if wire == _BYTES:
        length, position = _varint(data, position, what)
    else:
        length = _FIXED_SIZES[wire]
    if length > len(data) - position:
        raise ValueError(f"{what} ends inside the field {field.name}")
    return data[position : position + length], position + length


def _varint(data: memoryview, position: int, what: str) -> tuple[int, int]:
    """Return an unsigned number of up to 64 bits, and the position after it."""
    if position < len(data) and (byte := data[position]) < 0x80:  # nearly all are this short
        return byte, position + 1
    value = shift = 0
    while position < len(data) and shift < 70:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            if value >> 64:
                break
            return value, position
    raise ValueError(f"{what} ends inside a number, or has one of over 64 bits")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
