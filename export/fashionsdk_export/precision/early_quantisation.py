"""Quantise before max pooling, not after it, so that the pooling reads bytes instead of floats."""

import onnx
from onnx import helper


def quantise_early(model: onnx.ModelProto) -> None:
    """Add a quantise-dequantise pair before every max pooling whose output is quantised.

    Rounding keeps the order of values, so the largest of the rounded ones is the rounded largest: answers stay the
    same to the bit. The first pooling reads one of the largest tensors of a network.
    """
    nodes = list(model.graph.node)
    for index in range(
        len(nodes) - 1, -1, -1
    ):  # from the end, so that an insertion does not move the nodes still to visit
        if nodes[index].op_type == "MaxPool" and (after := _quantiser(nodes, nodes[index].output[0])) is not None:
            nodes[index:index] = _pair(nodes[index], after)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _quantiser(nodes: list[onnx.NodeProto], name: str) -> onnx.NodeProto | None:
    """Return the node that quantises the tensor ``name``, if no other node reads it."""
    readers = [node for node in nodes if name in node.input]
    return readers[0] if len(readers) == 1 and readers[0].op_type == "QuantizeLinear" else None


def _pair(pooling: onnx.NodeProto, after: onnx.NodeProto) -> list[onnx.NodeProto]:
    """Return a pair with ``after``'s parameters for the input of ``pooling``, and let ``pooling`` read its output."""
    source, parameters = pooling.input[0], after.input[1:]
    quantised, restored = f"{pooling.name}_early", f"{pooling.name}_early_restored"
    pooling.input[0] = restored
    return [
        helper.make_node("QuantizeLinear", [source, *parameters], [quantised], name=quantised),
        helper.make_node("DequantizeLinear", [quantised, *parameters], [restored], name=restored),
    ]
