"""A bundle's graph as a PyTorch module, the form that AOTInductor compiles."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor, nn

from fashionsdk_export.errors import ExportError
from fashionsdk_export.inductor.layer_rules import LAYERS
from fashionsdk_export.inductor.length_rules import LENGTHS, is_lengths
from fashionsdk_export.inductor.node_values import Node, Value


class GraphModule(nn.Module):
    """Computes an ONNX graph node by node: uint8 images ``(B, H, W, 3)`` to the graph's outputs, in their order.

    Weights are buffers, in the graph's types. Numbers that lengths and axes are computed from are Python's, so that the
    batch stays a symbol where the module is traced.

    Args:
        graph: an ONNX graph that `fashionsdk.backends.checked_graph` passed.
        half: a type for convolutions and matrix products, as PyTorch's autocast chooses them; ``None`` for the graph's.

    Raises:
        ExportError: the file is no graph, or has an operator that no rule computes.

    Attributes:
        lengths: of all tensors in the graph, without those that depend on the batch.
    """

    def __init__(self, graph: Path, half: torch.dtype | None = None) -> None:
        super().__init__()
        self._half = half
        try:
            model = onnx.shape_inference.infer_shapes(onnx.load(graph)).graph
        except Exception as error:  # which error it is depends on the content of the file
            raise ExportError(f"{graph} cannot be read as an ONNX graph: {error}") from error
        self.lengths = _lengths(model)
        self._nodes = [_node(node) for node in model.node]
        if unknown := sorted({node.operator for node in self._nodes} - LAYERS.keys() - LENGTHS.keys()):
            raise ExportError(
                f"{graph} has the operators {', '.join(unknown)}, which engines for AOTInductor lack; "
                "run the graph itself, with runtime='onnxruntime'"
            )
        self._input = model.input[0].name
        self._outputs = [value.name for value in model.output]
        self._numbers: dict[str, Value] = {"": None}
        self._weights: dict[str, str] = {}
        scales = {node.inputs[2] for node in self._nodes if node.operator == "Resize" and len(node.inputs) > 2}
        for index, weight in enumerate(model.initializer):
            self._keep(f"weight{index}", weight, weight.name in scales)

    def channels_last(self) -> "GraphModule":
        """Put the weights of convolutions into the layout of images, channels last, and return the module."""
        for name, weight in self.named_buffers():
            if weight.dim() == 4:
                setattr(self, name, weight.contiguous(memory_format=torch.channels_last))
        return self

    def _keep(self, buffer: str, weight: onnx.TensorProto, setting: bool) -> None:
        array = numpy_helper.to_array(weight)
        if setting or (array.dtype == np.int64 and array.ndim < 2):
            self._numbers[weight.name] = array.tolist()
        else:
            self._weights[weight.name] = buffer
            self.register_buffer(buffer, torch.from_numpy(array.copy()))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the graph's outputs: embeddings ``(B, A, D)`` and, if there is any, attention ``(B, A, h, w)``."""
        with torch.autocast(images.device.type, self._half, enabled=self._half is not None):
            values = {name: getattr(self, buffer) for name, buffer in self._weights.items()} | self._numbers
            values[self._input] = images
            for node in self._nodes:
                given = [values[name] for name in node.inputs]
                rules = LENGTHS if is_lengths(node, given) else LAYERS
                values[node.output] = rules[node.operator](node, given)
        return tuple(values[name].float() for name in self._outputs)


def _lengths(graph: onnx.GraphProto) -> frozenset[int]:
    """Return the lengths of all tensors, without those that depend on the batch."""
    values = (*graph.input, *graph.value_info, *graph.output)
    shaped = [length.dim_value for value in values for length in value.type.tensor_type.shape.dim]
    return frozenset(shaped + [length for weight in graph.initializer for length in weight.dims])


def _node(node: onnx.NodeProto) -> Node:
    attributes: dict[str, Any] = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    words = {name: value.decode() if isinstance(value, bytes) else value for name, value in attributes.items()}
    if len(node.output) != 1:
        raise ExportError(f"a node {node.op_type} has {len(node.output)} outputs; expected one")
    return Node(node.op_type, tuple(node.input), node.output[0], words)
