"""The floating-point operations of an ONNX graph, counted exactly: two per multiply-add of its matrix products."""

from collections import Counter
from pathlib import Path

import onnx

from fashionsdk_export.graph import COUNTED, known_shapes, multiply_adds, with_batch

# Other operators that multiply matrices; a graph with one of them would be counted too low.
UNKNOWN = ("ConvTranspose", "Einsum", "Attention", "MultiHeadAttention", "LSTM", "GRU", "RNN", "If", "Loop", "Scan")


def count_flops(path: Path, batch_size: int) -> Counter[str]:
    """Return the operations of one run by operator; bias, normalisation and activations are not counted.

    Raises:
        ValueError: a shape does not follow from the batch size, or an operator's operations are not known.
    """
    model = with_batch(onnx.load(path), batch_size, strict=True)
    shapes = known_shapes(model)
    counts: Counter[str] = Counter()
    for node in model.graph.node:
        if node.op_type in UNKNOWN:
            raise ValueError(f"{path}: {node.op_type} is not counted; expected {', '.join(COUNTED)} only")
        if node.op_type in COUNTED:
            if missing := [name for name in (*node.input[:2], node.output[0]) if name not in shapes]:
                raise ValueError(f"the shape of {missing[0]} at {node.op_type} {node.name} is not known")
            counts[node.op_type] += 2 * multiply_adds(node, shapes)
    return counts
