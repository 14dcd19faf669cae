"""Groups of nodes that share a precision: one heavy node, or connected light nodes between heavy ones."""

import onnx

HEAVY = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def node_groups(model: onnx.ModelProto) -> list[tuple[str, ...]]:
    """Return the names of the graph's nodes in groups that share a precision, in the graph's order.

    A heavy node is a group of its own. Light nodes that pass tensors to each other are one group, because a cast
    between them would cost more than it saves.
    """
    producer = {name: node for node in model.graph.node for name in node.output}
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for node in model.graph.node:
        leader[node.name] = node.name
        if node.op_type in HEAVY:
            continue
        for source in (producer.get(name) for name in node.input):
            if source is not None and source.op_type not in HEAVY:
                leader[find(node.name)] = find(source.name)
    members: dict[str, list[str]] = {}
    for node in model.graph.node:
        members.setdefault(find(node.name), []).append(node.name)
    return [tuple(names) for names in members.values()]
