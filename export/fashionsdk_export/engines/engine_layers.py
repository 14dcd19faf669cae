"""The layers of a built engine, read from the text that the library prints about it.

TensorRT's inspector and the log of TensorRT for RTX write one line a layer, in the format that NVIDIA calls ONELINE.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fashionsdk_export.errors import ExportError

UNKNOWN = "Unknown"  # what TensorRT 10 says of some layers whose shapes are dynamic

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
        name: the library's.
        kind: the library's, such as ``"correlation"``, ``"gemm"``, ``"CaskConvolution"``.
        inputs: types of the tensors that it reads; single numbers are left out, a half kernel's factors are Float.
        constants: types of the weights and other constants that it carries; single numbers are left out.
        outputs: types of the tensors that it writes.
        nodes: names of the graph's nodes that it has a part in.
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
    lines = iter(text.split("\n"))  # not splitlines(): a layer's nodes are separated by characters that it splits at
    if next(lines).strip() != _START:
        raise ExportError(_misunderstood(f"it begins with {text[:80]!r} where {_START!r} was expected"))
    for line in lines:
        if line.strip() in _NEXT_SECTIONS:
            return
        if line.strip():
            yield line


def _layer(line: str) -> EngineLayer:
    if (found := _LINE.fullmatch(line)) is None:
        raise ExportError(_misunderstood(f"this line is no layer with inputs and outputs: {line[:200]!r}"))
    inputs, constants, outputs = found[3], found[4] or "", found[5]
    rest = found["rest"] or ""
    weights = tuple(_data_type(name, line) for name in _WEIGHTS.findall(rest))
    _, _, metadata = rest.rpartition("Metadata: ")
    return EngineLayer(
        found["name"],
        found["kind"],
        tuple(_types(inputs, line)),
        (*_types(constants, line), *weights),
        tuple(_types(outputs, line)),
        _nodes(metadata),
    )


def _nodes(metadata: str) -> tuple[str, ...]:
    if not metadata.startswith(_NODE):
        return ()
    names, _, _ = metadata.removeprefix(_NODE).rpartition("]")  # after it may stand "__gemm_from_conv1x1"
    return tuple(_NEXT_NODE.split(names))


def _types(tensors: str, line: str) -> Iterator[str]:
    """Return the types of the tensors in a list, but for single numbers."""
    if not tensors:
        return
    for tensor in tensors.removeprefix(" { Name: ").removesuffix(" }").split(" }, { Name: "):
        found = _TENSOR.fullmatch(tensor)
        data_type = None if found is None else _DATA_TYPE.search(found["rest"])
        if found is None or data_type is None:
            raise ExportError(_misunderstood(f"the tensor {tensor[:200]!r} has no type; its layer: {line[:200]!r}"))
        if found["dimensions"].strip() != "1":
            yield _data_type(data_type[1], line)


def _data_type(described: str, line: str) -> str:
    """Return the type in a description such as ``Half`` or ``Channel major FP16 format where channel % 8 == 0``."""
    if described.startswith("N/A"):
        return UNKNOWN
    found = [_TYPES[word.lower()] for word in re.findall(r"\w+", described) if word.lower() in _TYPES]
    if len(found) != 1:
        raise ExportError(_misunderstood(f"{described!r} is no type; its layer: {line[:200]!r}"))
    return found[0]


def _misunderstood(reason: str) -> str:
    return (
        f"the library's description of the engine cannot be read: {reason}; without it nobody knows in which precision "
        "the engine computes, so it was not kept; use a version of the library that "
        "tests/export/engines/test_engine.py accepts"
    )
