"""The graph: a network folded into one static pass, written as ONNX."""

from fashionsdk_export.graph.onnx_graph import OPSET, export_graph
from fashionsdk_export.graph.reference_answers import make_reference, reference_images
from fashionsdk_export.graph.static_network import fuse

__all__ = [
    "OPSET",
    "export_graph",
    "fuse",
    "make_reference",
    "reference_images",
]
