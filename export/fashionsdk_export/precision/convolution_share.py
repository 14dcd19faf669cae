"""How much of a graph's arithmetic is convolutions, which INT8 can lower."""

from collections import Counter

import onnx

from fashionsdk_export.graph import COUNTED, known_shapes, multiply_adds, with_batch


def convolution_share(model: onnx.ModelProto) -> float:
    """Return the share of a graph's multiply-adds that its convolutions do, from 0 to 1; 1 for one without any.

    Products of two matrices whose shapes are not known are not counted.
    """
    shapes, counts = known_shapes(with_batch(model, 1)), Counter[str]()
    for node in model.graph.node:
        if node.op_type in COUNTED:
            try:
                counts[node.op_type] += multiply_adds(node, shapes)
            except KeyError:  # a shape that is not known
                continue
    return counts["Conv"] / total if (total := counts.total()) else 1.0
