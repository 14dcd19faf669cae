"""The precision that a graph gives to each of its convolutions and matrix products."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import TensorProto

from fashionsdk_export.errors import ExportError
from fashionsdk_export.precision import HEAVY

_NAMES = {TensorProto.FLOAT: "float32", TensorProto.FLOAT16: "float16"}
_MOVES = ("Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Expand", "Slice", "Identity")


@dataclass(frozen=True)
class HeavyNode:
    """A convolution or matrix product of a graph.

    Attributes:
        name: unique in the graph.
        precision: ``"float32"``, ``"float16"`` or ``"int8"``.
        reads: types of its inputs before a cast to that precision, without constants.
        alone: whether it is float32 between a cast from float16 and a cast back to it.
    """

    name: str
    precision: str
    reads: frozenset[str]
    alone: bool


def heavy_nodes(path: Path) -> list[HeavyNode]:
    """Return the convolutions and matrix products of a graph, without those of constants alone.

    Raises:
        ExportError: the file is no ONNX graph, or TensorRT would compute it differently.
    """
    try:
        model = onnx.shape_inference.infer_shapes(onnx.load(path), strict_mode=True)
    except Exception as error:  # which error it is depends on the content of the file
        raise ExportError(f"{path} cannot be read as an ONNX graph: {error}") from error
    graph = _Graph(model.graph, path)
    graph.check_quantisation()
    nodes = list(graph.heavy())
    names = [node.name for node in nodes]
    if "" in names or len(set(names)) < len(names):
        raise ExportError(f"{path}: convolutions and matrix products need a name each, to be found in an engine")
    return nodes


class _Graph:
    """A graph with the types of its tensors, and the nodes that make and read each."""

    def __init__(self, graph: onnx.GraphProto, path: Path) -> None:
        self.nodes, self.path = graph.node, path
        self.outputs = {value.name for value in graph.output}
        self.makers = {name: node for node in graph.node for name in node.output}
        self.readers = {name: [node for node in graph.node if name in node.input] for name in self.makers}
        self.types: dict[str, int] = {weight.name: weight.data_type for weight in graph.initializer}
        for value in (*graph.input, *graph.value_info, *graph.output):
            self.types[value.name] = value.type.tensor_type.elem_type
        self.constants = {weight.name for weight in graph.initializer} | {""}
        for node in graph.node:
            if self.constants.issuperset(node.input):
                self.constants.update(node.output)

    def heavy(self) -> Iterator[HeavyNode]:
        for node in self.nodes:
            if node.op_type in HEAVY and not self.constants.issuperset(node.input[:2]):
                precision = self._precision(node)
                reads = frozenset(self._before_cast(name) for name in node.input if name not in self.constants)
                alone = precision == "float32" and reads == {"float16"} and self._becomes_half(node.output[0])
                yield HeavyNode(node.name, precision, reads, alone)

    def check_quantisation(self) -> None:
        for node in self.nodes:
            quantised = {"QuantizeLinear": node.output, "DequantizeLinear": node.input}.get(node.op_type)
            if quantised and self.types.get(quantised[0]) == TensorProto.UINT8:
                raise ExportError(
                    f"{self.path}: {node.name} quantises to uint8, which TensorRT reads as int8 and cuts off at 127; "
                    "expected int8 with zero points of 0: fashionsdk_export.precision.symmetric.to_symmetric"
                )

    def _precision(self, node: onnx.NodeProto) -> str:
        if all(self._made_by(name, "DequantizeLinear") for name in node.input[:2]):
            return "int8"
        if (data_type := self.types.get(node.input[0], 0)) not in _NAMES:
            name = TensorProto.DataType.Name(data_type)
            raise ExportError(f"{self.path}: {node.name} computes in {name}; expected float32, float16 or int8")
        return _NAMES[data_type]

    def _before_cast(self, name: str) -> str:
        """Return the type of a tensor before a cast; operators that only move values are skipped."""
        maker = self.makers.get(name)
        if maker is not None and maker.op_type in _MOVES:
            return self._before_cast(maker.input[0])
        if maker is not None and maker.op_type == "Cast":
            name = maker.input[0]
        return _NAMES.get(self.types.get(name, 0), "another")

    def _becomes_half(self, name: str) -> bool:
        """Tell whether every reader casts a tensor to float16; operators that only move values are skipped."""
        return name not in self.outputs and all(
            bool(self.types.get(reader.output[0]) == TensorProto.FLOAT16)
            if reader.op_type == "Cast"
            else reader.op_type in _MOVES and self._becomes_half(reader.output[0])
            for reader in self.readers[name]
        )

    def _made_by(self, name: str, kind: str) -> bool:
        return name in self.makers and self.makers[name].op_type == kind
