"""How large the tensors of a graph become, and how much work they are, computed before a runtime runs it.

A few numbers in a graph can ask for a tensor of terabytes. So this goes through the nodes as a runtime would, with
shapes in place of tensors, and with the values of the small ones that lengths are computed from.
"""

from collections.abc import Mapping, Sequence

from fashionsdk.bundle.graph._layer_rules import LAYER_RULES
from fashionsdk.bundle.graph._length_rules import LENGTH_RULES
from fashionsdk.bundle.graph._onnx_graph import Graph, Node, RefusedGraphError
from fashionsdk.bundle.graph._shaped import Rule, Shaped

# Far more than networks need: ResNet-50 at 224 pixels has tensors of up to 802,816 numbers and takes 4.1e9
# multiplications for one photo. At 2048 pixels, the largest side, it takes 84 times as many.
MOST_ELEMENTS = 1 << 28  # of one tensor, for two photos; 1 GiB in float32
MOST_WORK = 1 << 42  # multiplications and numbers written, for two photos

_RULES: Mapping[str, Rule] = {**LAYER_RULES, **LENGTH_RULES}

# The operators that exports write, of every network of this project and of the timm backbones that were tried, and
# their closest kin. None has a loop, a choice, randomness, or a size that no rule knows.
OPERATORS = frozenset(_RULES)


def check_sizes(graph: Graph, shape: tuple[int, int, int]) -> None:
    """Check that no tensor is larger, and the work no more, than a network's, and that both grow with the photos.

    Args:
        graph: the graph.
        shape: ``(H, W, 3)``, taken for lengths of an input that the graph leaves open, after the number of photos.

    Raises:
        RefusedGraphError: a tensor or the work is too large, or its size depends on what is in a photo.
        ValueError: the nodes do not fit each other, so no runtime could run them.
    """
    two, four = (
        tensor_sizes(graph, shape, photos) for photos in (2, 4)
    )  # not 1: an axis of 1 may be taken for none at all
    for name, size in two.items():
        if four[name] > 2 * size:
            raise RefusedGraphError(f"has the tensor {name!r:.80}, which grows faster than the number of photos")


def tensor_sizes(graph: Graph, shape: tuple[int, int, int], photos: int) -> dict[str, int]:
    """Return the elements of each tensor that a node writes; see `check_sizes`."""
    tensors = {constant.name: Shaped(constant.shape, constant.values) for constant in graph.constants}
    for name, declared in graph.inputs.items():
        if name not in tensors:  # old graphs list constants among the inputs
            tensors[name] = Shaped(tuple(_length(length, i, shape, photos) for i, length in enumerate(declared)))
    sizes: dict[str, int] = {}
    work = 0
    for node in graph.nodes:
        for name, value in zip(node.outputs, _outputs(node, tensors), strict=False):
            if name in tensors:
                raise ValueError(f"two nodes write the tensor {name!r:.80}")
            work += value.size * value.work
            if value.size * 2 > MOST_ELEMENTS * photos or work * 2 > MOST_WORK * photos:
                raise RefusedGraphError(f"has the node {node.operator} with {value.shape}, more than networks have")
            tensors[name] = value
            sizes[name] = value.size
    return sizes


def _length(declared: int | None, axis: int, shape: tuple[int, int, int], photos: int) -> int:
    if declared is not None and declared >= 0:  # old graphs write -1 for an open length
        return declared
    return photos if axis == 0 else shape[min(axis, len(shape)) - 1]


def _outputs(node: Node, tensors: Mapping[str, Shaped]) -> Sequence[Shaped]:
    """Return the outputs of a node."""
    if missing := [name for name in node.inputs if name and name not in tensors]:
        raise ValueError(f"a node {node.operator} reads {missing[0]!r:.80}, which no node before it writes")
    try:
        outputs = _RULES[node.operator](node, [tensors[name] if name else None for name in node.inputs])
    except (IndexError, OverflowError, TypeError) as error:
        raise ValueError(f"a node {node.operator} cannot be computed: {error}") from error
    if len(outputs) < len(node.outputs):
        raise RefusedGraphError(f"has a node {node.operator} with {len(node.outputs)} outputs, which no export writes")
    return outputs
