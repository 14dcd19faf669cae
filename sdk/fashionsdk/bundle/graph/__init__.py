"""A bundle's graph, read and checked before any runtime sees it: its operators, where its weights lie, its sizes.

A runtime computes whatever a graph says, in loops without end or tensors of terabytes, and some read weights from
wherever a graph points. So a graph may have only what exports write.
"""

from fashionsdk.bundle.graph._graph_check import check_graph
from fashionsdk.bundle.graph._onnx_graph import RefusedGraphError
from fashionsdk.bundle.graph._sizes import OPERATORS

__all__ = ["OPERATORS", "RefusedGraphError", "check_graph"]
