"""Half precision: float16 weights and arithmetic, with islands of float32.

Maintained libraries were tried first (``docs/decisions/precision.md``). They lack islands that keep float32 from one
node to the next, and they cannot convert graphs that have casts.
"""

from collections.abc import Collection, Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FLOAT, HALF = TensorProto.FLOAT, TensorProto.FLOAT16

# The type of their output is an attribute, not their input's, so they stay unchanged.
_SOURCES = ("Constant", "ConstantOfShape", "EyeLike", "RandomNormal", "RandomUniform")


def to_half(model: onnx.ModelProto, islands: Collection[str] = ()) -> onnx.ModelProto:
    """Return ``model`` in float16 between inputs and outputs that keep their types.

    Args:
        model: a graph in float32, without subgraphs.
        islands: names of nodes that compute in float32.

    Raises:
        ValueError: an island is not a node of the graph.
    """
    return onnx.shape_inference.infer_shapes(HalfGraphs(model)(islands), strict_mode=True)


class HalfGraphs:
    """A float32 graph's conversions to float16, with one set of islands after the other.

    The graph is looked at once, and its weights, which may be hundreds of megabytes, are copied once a conversion.

    Args:
        model: a graph in float32, without subgraphs.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = onnx.shape_inference.infer_shapes(model)
        self.opset = next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        self.weights = {weight.name: weight for weight in self.model.graph.initializer}
        self.wide = frozenset(_float_tensors(self.model.graph))  # tensors that are float32
        self.frame = onnx.ModelProto()
        self.frame.CopyFrom(self.model)
        for field in ("node", "initializer", "value_info"):
            self.frame.graph.ClearField(field)

    def __call__(self, islands: Collection[str]) -> onnx.ModelProto:
        """Return the graph in float16, with the type of each tensor but no shape of those between.

        Args:
            islands: names of nodes that compute in float32.

        Raises:
            ValueError: an island is not a node of the graph.
        """
        names = {node.name for node in self.model.graph.node}
        if unknown := sorted(set(islands) - names):
            raise ValueError(f"islands {', '.join(unknown)} are not nodes of the graph; expected names of its nodes")
        return _Conversion(self, frozenset(islands)).result()


class _Conversion:
    """One pass through the graph's nodes, in their order; each tensor has the type of its producer."""

    def __init__(self, source: HalfGraphs, islands: frozenset[str]) -> None:
        self.source, self.islands = source, islands
        self.opset, self.weights, self.wide = source.opset, source.weights, source.wide
        self.type_of = dict.fromkeys(self.wide, FLOAT)
        self.nodes: list[onnx.NodeProto] = []
        self.copies: dict[tuple[str, int], str] = {}
        self.initializers: dict[str, onnx.TensorProto] = {}

    def result(self) -> onnx.ModelProto:
        for node in self.source.model.graph.node:
            self._convert(node)
        converted = onnx.ModelProto()
        converted.CopyFrom(self.source.frame)
        graph = converted.graph
        graph.node.extend(self.nodes)
        for name in sorted(value.name for value in graph.output):
            if self.type_of.get(name) == HALF:
                self.type_of[_widen_output(graph, name)] = HALF
        graph.initializer.extend(self.initializers.values())
        told = {value.name for value in (*graph.input, *graph.output)}
        between = (name for node in graph.node for name in node.output if name in self.type_of and name not in told)
        graph.value_info.extend(helper.make_tensor_value_info(name, self.type_of[name], None) for name in between)
        return converted

    def _convert(self, node: onnx.NodeProto) -> None:
        half = node.name not in self.islands and node.op_type not in _SOURCES
        schema = onnx.defs.get_schema(node.op_type, self.opset, node.domain)
        converted = onnx.NodeProto()
        converted.CopyFrom(node)
        for i, name in enumerate(node.input):
            if name in self.wide:
                converted.input[i] = self._read(name, HALF if half and _takes_half(schema, schema.inputs, i) else FLOAT)
            elif name in self.weights:
                self.initializers[name] = self.weights[name]
        for i, name in enumerate(node.output):
            if name in self.wide:
                self.type_of[name] = HALF if half and _takes_half(schema, schema.outputs, i) else FLOAT
        if node.op_type == "Cast" and half:
            _set_target(converted)
        self.nodes.append(converted)

    def _read(self, name: str, kind: int) -> str:
        """Return the name of this tensor in the type ``kind``, cast once for all its readers."""
        if name in self.weights:
            return self._weight(name, kind)
        if self.type_of[name] == kind:
            return name
        if (name, kind) not in self.copies:
            copy = self.copies[name, kind] = f"{name}.{'float16' if kind == HALF else 'float32'}"
            self.type_of[copy] = kind
            self.nodes.append(helper.make_node("Cast", [name], [copy], name=f"cast_{copy}", to=kind))
        return self.copies[name, kind]

    def _weight(self, name: str, kind: int) -> str:
        if kind == FLOAT:
            self.initializers[name] = self.weights[name]
            return name
        copy = f"{name}.float16"
        if copy not in self.initializers:
            with np.errstate(over="ignore"):  # a value that does not fit becomes infinite, and the measurement shows it
                values = numpy_helper.to_array(self.weights[name]).astype(np.float16)
            self.initializers[copy] = numpy_helper.from_array(values, copy)
        return copy


def _float_tensors(graph: onnx.GraphProto) -> Iterator[str]:
    for weight in graph.initializer:
        if weight.data_type == FLOAT:
            yield weight.name
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == FLOAT:
            yield value.name


def _takes_half(schema: onnx.defs.OpSchema, parameters: "list[onnx.defs.OpSchema.FormalParameter]", i: int) -> bool:
    """Tell whether the operator's i-th input or output may be float16; some are float32 in any case."""
    kind = parameters[min(i, len(parameters) - 1)].type_str
    allowed = {constraint.type_param_str: constraint.allowed_type_strs for constraint in schema.type_constraints}
    return "tensor(float16)" in allowed.get(kind, [kind])


def _set_target(cast: onnx.NodeProto) -> None:
    for attribute in cast.attribute:
        if attribute.name == "to" and attribute.i == FLOAT:
            attribute.i = HALF


def _widen_output(graph: onnx.GraphProto, name: str) -> str:
    """Let the graph's output be float32 although its producer gives float16; return the producer's tensor."""
    narrow = f"{name}.float16"
    for node in graph.node:
        for names in (node.input, node.output):
            for i, other in enumerate(names):
                if other == name:
                    names[i] = narrow
    graph.node.append(helper.make_node("Cast", [narrow], [name], name=f"cast_{name}", to=FLOAT))
    return narrow


def spell_out_norms(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return ``model`` with each ``ReduceL2`` as a square, a sum and a root.

    A sum of squares leaves float16's range long before the norm does. Written out it is a tensor, so a measurement in
    float16 sees what a GPU would compute.
    """
    spelt = onnx.ModelProto()
    spelt.CopyFrom(model)
    nodes = list(spelt.graph.node)
    del spelt.graph.node[:]
    for node in nodes:
        spelt.graph.node.extend(_spell_out(node) if node.op_type == "ReduceL2" else [node])
    return spelt


def _spell_out(norm: onnx.NodeProto) -> list[onnx.NodeProto]:
    square, total = f"{norm.output[0]}.square", f"{norm.output[0]}.sum"
    add = helper.make_node("ReduceSum", [square, *norm.input[1:]], [total], name=f"{norm.name}.sum")
    add.attribute.extend(norm.attribute)
    return [
        helper.make_node("Mul", [norm.input[0], norm.input[0]], [square], name=f"{norm.name}.square"),
        add,
        helper.make_node("Sqrt", [total], norm.output, name=f"{norm.name}.root"),
    ]
