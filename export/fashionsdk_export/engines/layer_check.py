"""Compare an engine's layers with its graph: both must compute in the same precision."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fashionsdk._tools.listed import listed
from fashionsdk.bundle import Precision
from fashionsdk_export.engines.engine_layers import UNKNOWN, EngineLayer
from fashionsdk_export.engines.graph_types import HeavyNode, heavy_nodes
from fashionsdk_export.errors import ExportError

_NODE_PRECISIONS: Mapping[Precision, str] = {"fp32": "float32", "fp16": "float16", "int8": "int8"}
_TYPES = {"float32": "Float", "float16": "Half", "int8": "Int8"}
# Parts of the names of kinds of layers that convolve or multiply: TensorRT's own and its compiler's.
_KERNELS = ("correlation", "gemm", "conv", "matrixmultiply", "matmul")
_FUSIONS = ("fusion",)  # a kernel together with casts and light nodes around it
_SHOWN = 5


def check_layers(layers: Sequence[EngineLayer], precision: Precision, graph: Path) -> None:
    """Check that an engine computes each convolution and matrix product in the graph's precision.

    Args:
        layers: the engine's.
        precision: the declared precision of the graph.
        graph: the graph's file.

    Raises:
        ExportError: the graph has another precision, or the engine computes in another one than the graph.
    """
    nodes = heavy_nodes(graph)
    check_precision(nodes, precision, graph)
    faults = [fault for node in nodes if (fault := _fault(node, layers)) is not None]
    if faults:
        raise ExportError(
            f"the engine of {graph} does not compute in the precision that the graph says: "
            f"{listed(faults, _SHOWN, '; ')}. It was not saved, since it would be slower or less exact than "
            "its precision says; try another version of the library, and report this"
        )


def check_precision(nodes: Iterable[HeavyNode], precision: Precision, graph: Path) -> None:
    """Check that a graph has its declared precision.

    Raises:
        ExportError: it has another.
    """
    counts = Counter(node.precision for node in nodes)
    expected = _NODE_PRECISIONS[precision]
    has = ", ".join(f"{count} in {name}" for name, count in sorted(counts.items())) or "none at all"
    if not counts[expected] or (expected == "float32" and len(counts) > 1):
        raise ExportError(
            f"{graph} is said to be {precision}, of its convolutions and matrix products {has}; an engine computes as "
            f"the graph says, so make the {precision} graph first"
        )


def _fault(node: HeavyNode, layers: Sequence[EngineLayer]) -> str | None:
    """Say what is wrong with the layers that compute a node, or return ``None``."""
    computing = [layer for layer in layers if node.name in layer.nodes]
    if not computing:
        return f"{node.name} ({node.precision}) is in no layer"
    kernels = [layer for layer in computing if _is_one_of(layer, (*_KERNELS, *_FUSIONS))]
    # A small product may be part of a kernel of light nodes, with many operands: one of the type is enough.
    enough = all if kernels else any
    if enough(_fits(node, layer) for layer in kernels or computing):
        return None
    actual = "; ".join(f"{layer.kind} of {_operands(layer)}" for layer in kernels or computing)
    return f"{node.name} ({node.precision}) runs as {actual}"


def _fits(node: HeavyNode, layer: EngineLayer) -> bool:
    """Tell whether a layer computes a node in the node's precision.

    A kernel reads its image and its weights in that precision. In a fusion, casts inside the layer hide the types that
    its kernel reads, so one operand of the type is enough. See ``docs/decisions/engines.md``.
    """
    known = [operand for operand in (*layer.inputs, *layer.constants) if operand != UNKNOWN]
    kernel = _is_one_of(layer, _KERNELS)
    allowed = {_TYPES[node.precision]}
    if kernel:
        allowed |= {"Half"} if node.alone else set()
    elif node.precision == "float32" or (node.precision == "float16" and not _is_one_of(layer, _FUSIONS)):
        allowed |= {_TYPES[name] for name in node.reads & set(_TYPES)}
    needed = min(2, len(known)) if kernel else 1
    return bool(known) and any(known.count(name) >= needed for name in allowed)


def _is_one_of(layer: EngineLayer, kinds: tuple[str, ...]) -> bool:
    return any(kind in layer.kind.lower() for kind in kinds)


def _operands(layer: EngineLayer) -> str:
    return ", ".join((*layer.inputs, *layer.constants)) or "nothing"
