"""What an ONNX graph says of itself: its inputs and outputs, and the files that its weights lie in."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import onnx

from fashionsdk.backends import checked_graph
from fashionsdk.bundle import Bundle, Precision
from fashionsdk_export.errors import ExportError
from fashionsdk_export.triton.model_tensors import FLOAT32, UINT8, Tensor

_TYPES = {onnx.TensorProto.UINT8: UINT8, onnx.TensorProto.FLOAT: FLOAT32}


@dataclass(frozen=True)
class GraphFile:
    """A graph of a bundle.

    Attributes:
        path: its file.
        inputs: its inputs.
        outputs: its outputs.
        weights: files with its weights, relative to its folder.
    """

    path: Path
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    weights: tuple[str, ...]

    @classmethod
    def read(cls, bundle: Bundle, precision: Precision) -> "GraphFile":
        """Read the graph of a precision, without its weights.

        Raises:
            BundleError: the bundle has no such graph, or it has something that no export writes.
            BackendError: the file is damaged.
            ExportError: an input or output is of another kind than exports write.
        """
        path = checked_graph(bundle, precision, "Triton")
        graph = onnx.load(path, load_external_data=False).graph
        return cls(path, _tensors(path, graph.input), _tensors(path, graph.output), _weight_files(graph))


def _tensors(path: Path, values: Iterable[onnx.ValueInfoProto]) -> tuple[Tensor, ...]:
    return tuple(_tensor(path, value) for value in values)


def _tensor(path: Path, value: onnx.ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    batch, *dims = kind.shape.dim or [onnx.TensorShapeProto.Dimension(dim_value=1)]
    lengths = tuple(dim.dim_value for dim in dims)
    if kind.elem_type not in _TYPES or batch.HasField("dim_value") or not lengths or min(lengths) < 1:
        raise ExportError(
            f"{path}: {value.name} is {onnx.TensorProto.DataType.Name(kind.elem_type)} "
            f"{[dim.dim_param or dim.dim_value for dim in kind.shape.dim]}; expected UINT8 or FLOAT with a batch that "
            "may vary and fixed lengths after it: export the checkpoint again"
        )
    return Tensor(value.name, _TYPES[kind.elem_type], lengths)


def _weight_files(graph: onnx.GraphProto) -> tuple[str, ...]:
    entries = (entry for weight in graph.initializer for entry in weight.external_data)
    return tuple(sorted({entry.value for entry in entries if entry.key == "location"}))
