"""Read the layers of a built engine from the library's description of it.

TensorRT's inspector and the log of TensorRT for RTX write one line a layer, in the format that NVIDIA calls ONELINE.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fashionsdk_export.errors import ExportError

UNKNOWN = "Unknown"  # TensorRT 10's type of some tensors with dynamic shapes

_START = "Layers:"
_NEXT_SECTIONS = ("Bindings:", "I/O Tensors:", "Engine Metadata:")
_TENSORS = r"\[( \{ Name: .*? \}|)\]"
_LINE = re.compile(
    r"Name: (?P<name>.*?), LayerType: (?P<kind>[^,]*), "
    rf"Inputs: {_TENSORS}(?:, Constants: {_TENSORS})?, Outputs: {_TENSORS}(?:, (?P<rest>.*))?"
)
_TENSOR = re.compile(r"(?P<name>.*), Dimensions: \[(?P<dimensions>[-0-9, ]*)\], (?P<rest>.*)")
_DATA_TYPE = re.compile(r"\bData[tT]ype: ([^,]+)")
_WEIGHTS = re.compile(r'\bWeights: \{"Type": "(\w+)", "Count": [1-9]')
_NODE, _NEXT_NODE = "[ONNX Layer: ", re.compile(r"\]\w*[\x1e\x1f]?\[ONNX Layer: ")
_TYPES = {
    **{name.lower(): name for name in ("Float", "Half", "Int8", "UInt8", "Int32", "Int64", "Bool", "FP8", "Int4")},
    "fp32": "Float",
    "fp16": "Half",
    "bf16": "BFloat16",
    "bfloat16": "BFloat16",
    "fp4": "FP4",
    "e8m0": "E8M0",
}


@dataclass(frozen=True)
class EngineLayer:
    """One layer of an engine: one kernel, or a few.

    Types are ``"Float"``, ``"Half"``, ``"Int8"`` and so on, or ``UNKNOWN``.

    Attributes:
        name: the library's name.
        kind: the library's kind, such as ``"correlation"``, ``"gemm"``, ``"CaskConvolution"``.
        inputs: types of the tensors that it reads, without single numbers: the factors of a half kernel are Float.
        constants: types of its weights and other constants, without single numbers.
        outputs: types of the tensors that it writes.
        nodes: names of the graph's nodes that it computes, or computes a part of.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    nodes: tuple[str, ...]


def parse_layers(text: str) -> tuple[EngineLayer, ...]:
    """Return the layers that ``text`` describes.

    Raises:
        ExportError: the text cannot be understood.
    """
    layers = tuple(_layer(line) for line in _layer_lines(text))
    if not layers:
        raise ExportError(_misunderstood("it lists no layers"))
    return layers


def _layer_lines(text: str) -> Iterator[str]:
    lines = iter(text.split("\n"))  # not splitlines(): it would split at the separators of a layer's nodes
    if next(lines).strip() != _START:
        raise ExportError(_misunderstood(f"it begins with {text[:80]!r} where {_START!r} was expected"))
    for line in lines:
        if line.strip() in _NEXT_SECTIONS:
            return
        if line.strip():
            yield line


def _layer(line: str) -> EngineLayer:
    if (match := _LINE.fullmatch(line)) is None:
        raise ExportError(_misunderstood(f"this line is no layer with inputs and outputs: {line[:200]!r}"))
    inputs, constants, outputs = match[3], match[4] or "", match[5]
    rest = match["rest"] or ""
    weights = tuple(_data_type(name, line) for name in _WEIGHTS.findall(rest))
    _, _, metadata = rest.rpartition("Metadata: ")
    return EngineLayer(
        match["name"],
        match["kind"],
        tuple(_types(inputs, line)),
        (*_types(constants, line), *weights),
        tuple(_types(outputs, line)),
        _nodes(metadata),
    )


def _nodes(metadata: str) -> tuple[str, ...]:
    if not metadata.startswith(_NODE):
        return ()
    names, _, _ = metadata.removeprefix(_NODE).rpartition("]")  # a suffix such as "__gemm_from_conv1x1" may follow
    return tuple(_NEXT_NODE.split(names))


def _types(tensors: str, line: str) -> Iterator[str]:
    """Return the types of the tensors in a list, without single numbers."""
    if not tensors:
        return
    for tensor in tensors.removeprefix(" { Name: ").removesuffix(" }").split(" }, { Name: "):
        match = _TENSOR.fullmatch(tensor)
        data_type = None if match is None else _DATA_TYPE.search(match["rest"])
        if match is None or data_type is None:
            raise ExportError(_misunderstood(f"the tensor {tensor[:200]!r} has no type; its layer: {line[:200]!r}"))
        if match["dimensions"].strip() != "1":
            yield _data_type(data_type[1], line)


def _data_type(described: str, line: str) -> str:
    """Return the type in a description such as ``Half`` or ``Channel major FP16 format where channel % 8 == 0``."""
    if described.startswith("N/A"):
        return UNKNOWN
    types = [_TYPES[word.lower()] for word in re.findall(r"\w+", described) if word.lower() in _TYPES]
    if len(types) != 1:
        raise ExportError(_misunderstood(f"{described!r} is no type; its layer: {line[:200]!r}"))
    return types[0]


def _misunderstood(reason: str) -> str:
    return (
        f"the library's description of the engine cannot be read: {reason}; without it the engine's precision is "
        "unknown, so it was not saved; use a version of the library that tests/export/engines/test_engine.py accepts"
    )
