"""The graph: a network folded into one static pass, written as ONNX; and its arithmetic, counted."""

from fashionsdk_export.graph.arithmetic import COUNTED, known_shapes, multiply_adds, with_batch
from fashionsdk_export.graph.onnx_graph import OPSET, export_graph
from fashionsdk_export.graph.reference_answers import make_reference, reference_images
from fashionsdk_export.graph.static_network import fuse

__all__ = [
    "COUNTED",
    "OPSET",
    "export_graph",
    "fuse",
    "known_shapes",
    "make_reference",
    "multiply_adds",
    "reference_images",
    "with_batch",
]
