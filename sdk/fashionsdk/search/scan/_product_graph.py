"""The ONNX graph of one MatMulInteger, written as protobuf by hand: the SDK does without the package onnx."""

_UINT8, _INT8, _INT32 = 2, 3, 6  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 13


def product_graph() -> bytes:
    """Return a model: ``rows`` uint8 ``(n, D)`` times ``digits`` int8 ``(D, m)`` is ``products`` int32 ``(n, m)``."""
    node = _text(1, "rows") + _text(1, "digits") + _text(2, "products") + _text(4, "MatMulInteger")
    graph = _part(1, node) + _text(2, "whole products")
    graph += _part(11, _value("rows", _UINT8, "n", "D")) + _part(11, _value("digits", _INT8, "D", "m"))
    graph += _part(12, _value("products", _INT32, "n", "m"))
    return _number(1, _IR_VERSION) + _part(7, graph) + _part(8, _text(1, "") + _number(2, _OPSET))


def _value(name: str, kind: int, *lengths: str) -> bytes:
    shape = b"".join(_part(1, _text(2, length)) for length in lengths)
    return _text(1, name) + _part(2, _part(1, _number(1, kind) + _part(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _part(field, text.encode())


def _part(field: int, data: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes([*data, value])
