"""ONNX graphs of one product of whole numbers, written as protobuf by hand: the SDK does without the package onnx."""

import numpy as np
from numpy.typing import NDArray

ZERO_ROW = 128  # what stands for 0 in rows
ZERO_DIGIT = 64  # and in the digits of `constant_graph`, which are unsigned

_FLOAT, _UINT8, _INT8 = 1, 2, 3  # TensorProto.DataType
_IR_VERSION, _OPSET = 8, 13


def product_graph() -> bytes:
    """Return a model of products of whole numbers.

    ``rows`` uint8 ``(n, D)``, less `ZERO_ROW`, times ``digits`` int8 ``(D, m)`` and the digits' ``scales`` float32
    ``(m,)`` are ``products`` float32 ``(n, m)``.
    """
    node = _product("rows", "digits", "one", "scales", "zero")
    inputs = [
        _value("rows", _UINT8, "n", "D"),
        _value("digits", _INT8, "D", "m"),
        _value("scales", _FLOAT, "m"),
    ]
    constants = [_constant("one", _FLOAT, np.array(1, "<f4")), _constant("zero", _UINT8, np.array(ZERO_ROW, np.uint8))]
    return _model(node, inputs, _value("products", _FLOAT, "n", "m"), constants)


def constant_graph(rows: NDArray[np.int8], scales: NDArray[np.float32]) -> bytes:
    """Return a model whose rows ``(n, D)`` and their scales ``(n,)`` are constants.

    ``digits`` uint8 ``(m, D)``, less `ZERO_DIGIT`, times the rows and their scales are ``products`` float32 ``(m, n)``.
    """
    node = _product("digits", "rows", "one", "scales", "zero")
    constants = [
        _constant("rows", _INT8, np.ascontiguousarray(rows.T)),
        _constant("one", _FLOAT, np.array(1, "<f4")),
        _constant("scales", _FLOAT, scales.astype("<f4")),
        _constant("zero", _UINT8, np.array(ZERO_DIGIT, np.uint8)),
    ]
    inputs = [_value("digits", _UINT8, "m", rows.shape[1])]
    return _model(node, inputs, _value("products", _FLOAT, "m", len(rows)), constants)


def _product(*inputs: str) -> bytes:
    named = b"".join(_text(1, name) for name in inputs) + _text(2, "products")
    return named + _text(4, "MatMulIntegerToFloat") + _text(7, "com.microsoft")


def _model(node: bytes, inputs: list[bytes], output: bytes, constants: list[bytes]) -> bytes:
    graph = _part(1, node) + _text(2, "whole products")
    graph += b"".join(_part(5, constant) for constant in constants)
    graph += b"".join(_part(11, value) for value in inputs) + _part(12, output)
    sets = _part(8, _text(1, "") + _number(2, _OPSET)) + _part(8, _text(1, "com.microsoft") + _number(2, 1))
    return _number(1, _IR_VERSION) + _part(7, graph) + sets


def _constant(name: str, kind: int, values: NDArray[np.generic]) -> bytes:
    lengths = b"".join(_number(1, length) for length in values.shape)
    return lengths + _number(2, kind) + _text(8, name) + _part(9, values.tobytes())


def _value(name: str, kind: int, *lengths: str | int) -> bytes:
    shape = b"".join(
        _part(1, _text(2, length) if isinstance(length, str) else _number(1, length)) for length in lengths
    )
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
