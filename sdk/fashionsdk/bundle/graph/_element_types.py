"""The element types of a graph's tensors: those that meet in a node are the ones that ONNX allows there.

ONNX Runtime looks at them too. OpenVINO does not everywhere: a product of whole numbers and floats is a crash.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fashionsdk.bundle.graph._onnx_graph import ITEM_SIZES, Graph, Node, Tensor

# onnx.proto's numbers
FLOAT, UINT8, INT32, INT64, BOOL = 1, 2, 6, 7, 9
ALL = frozenset(ITEM_SIZES)
NUMBERS = ALL - {BOOL}
FLOATS = frozenset((1, 10, 11, 16))
SIGNED = FLOATS | {3, 5, 6, 7}
WIDE = FLOATS | {6, 7, 12, 13}
INDICES = frozenset((INT32, INT64))
TRUTHS, LENGTHS = frozenset((BOOL,)), frozenset((INT64,))


@dataclass(frozen=True)
class Signature:
    """What an operator takes and gives, in letters that stand for one type each.

    Attributes:
        inputs: a letter for each input; the last one stands for all further ones.
        output: the letter of the output. Where it stands for no input, its one type is the output's.
        allowed: letter -> the types that it may stand for.
    """

    inputs: str
    output: str
    allowed: Mapping[str, frozenset[int]]


def _alike(allowed: frozenset[int]) -> Signature:
    return Signature("T", "T", {"T": allowed})


def _compared(allowed: frozenset[int]) -> Signature:
    return Signature("TT", "B", {"T": allowed, "B": TRUTHS})


def _with_lengths(allowed: frozenset[int]) -> Signature:
    return Signature("TI", "T", {"T": allowed, "I": LENGTHS})


_FLOAT_LAYERS = (
    *("AveragePool", "Ceil", "Cos", "Elu", "Erf", "Exp", "Floor", "Gelu", "GlobalAveragePool", "GlobalMaxPool"),
    *("HardSigmoid", "HardSwish", "LeakyRelu", "Log", "LogSoftmax", "Mish", "Reciprocal", "Round", "Selu", "Sigmoid"),
    *("Sin", "Softmax", "Softplus", "Sqrt", "Tanh", "Conv", "GroupNormalization", "InstanceNormalization"),
    "LayerNormalization",
)
_SMALL = frozenset((2, 3, 4, 5, INT32))

SIGNATURES: Mapping[str, Signature] = {
    **dict.fromkeys(("Abs", "Sign", "Add", "Div", "Mul", "Sub", "Clip", "Max", "Min"), _alike(NUMBERS)),
    **dict.fromkeys(_FLOAT_LAYERS, _alike(FLOATS)),
    **dict.fromkeys(("Concat", "Flatten", "Transpose", "Identity"), _alike(ALL)),
    **dict.fromkeys(("Gemm", "MatMul", "PRelu"), _alike(WIDE)),
    **dict.fromkeys(("Neg", "Relu"), _alike(SIGNED)),
    **dict.fromkeys(("And", "Or", "Not"), _alike(TRUTHS)),
    **dict.fromkeys(("Greater", "GreaterOrEqual", "Less", "LessOrEqual"), _compared(NUMBERS)),
    **dict.fromkeys(("Expand", "Reshape", "Split", "Squeeze", "Tile", "Unsqueeze"), _with_lengths(ALL)),
    **dict.fromkeys(("ReduceL1", "ReduceL2", "ReduceMean", "ReduceSum", "ReduceSumSquare"), _with_lengths(WIDE)),
    **dict.fromkeys(("ReduceMax", "ReduceMin"), _with_lengths(WIDE | {2, 3, BOOL})),
    **dict.fromkeys(("ArgMax", "ArgMin"), Signature("T", "I", {"T": NUMBERS, "I": LENGTHS})),
    **dict.fromkeys(("Shape", "Size"), Signature("T", "I", {"T": ALL, "I": LENGTHS})),
    "BatchNormalization": Signature("TUUVV", "T", dict.fromkeys("TUV", FLOATS)),
    "Cast": Signature("S", "T", dict.fromkeys("ST", ALL)),
    "Constant": Signature("", "T", {"T": ALL}),
    "ConstantOfShape": Signature("I", "T", {"I": LENGTHS, "T": ALL}),
    "CumSum": Signature("TI", "T", {"T": WIDE, "I": INDICES}),
    "DequantizeLinear": Signature("TUT", "U", {"T": _SMALL, "U": FLOATS - {11}}),
    "Equal": _compared(ALL),
    "Gather": Signature("TI", "T", {"T": ALL, "I": INDICES}),
    "MaxPool": _alike(FLOATS | {2, 3}),
    "Pad": Signature("TITJ", "T", {"T": ALL, "I": LENGTHS, "J": INDICES}),
    "Pow": Signature("TU", "T", {"T": WIDE - {12, 13}, "U": NUMBERS}),
    "QuantizeLinear": Signature("TUV", "V", {**dict.fromkeys("TU", FLOATS - {11} | {INT32}), "V": _SMALL - {INT32}}),
    "Resize": Signature("TUFI", "T", {"T": ALL, "U": FLOATS - {16}, "F": frozenset((FLOAT,)), "I": LENGTHS}),
    "Slice": Signature("TI", "T", {"T": ALL, "I": INDICES}),
    "Where": Signature("BTT", "T", {"B": TRUTHS, "T": ALL}),
}


def check_types(graph: Graph) -> None:
    """Check the types of all tensors; the nodes' operators are known, and each reads what was written before it.

    Raises:
        ValueError: a node reads a type that ONNX does not allow there, so no runtime could run it.
    """
    types = {**graph.input_types, **{constant.name: constant.kind for constant in graph.constants}}
    for node in graph.nodes:
        kind = _output_type(node, [types[name] if name else None for name in node.inputs])
        types |= dict.fromkeys(node.outputs, kind)


def _output_type(node: Node, inputs: Sequence[int | None]) -> int:
    signature = SIGNATURES[node.operator]
    bound: dict[str, int] = {}
    for index, kind in enumerate(inputs):
        if kind is None:
            continue
        letter = signature.inputs[min(index, len(signature.inputs) - 1)]
        if kind not in signature.allowed[letter] or bound.setdefault(letter, kind) != kind:
            raise ValueError(f"a node {node.operator} reads tensors of the types {', '.join(map(str, inputs))}")
    if signature.output in bound:
        return bound[signature.output]
    return _stated_type(node, signature)


def _stated_type(node: Node, signature: Signature) -> int:
    """Return the type of an output that follows from no input."""
    allowed = signature.allowed[signature.output]
    if len(allowed) == 1:
        return next(iter(allowed))
    value = node.attributes.get("to" if node.operator == "Cast" else "value")
    kind = value.kind if isinstance(value, Tensor) else value if isinstance(value, int) else None
    if kind is None:
        kind = UINT8 if node.operator == "QuantizeLinear" else FLOAT
    if kind not in allowed:
        raise ValueError(f"a node {node.operator} writes the type {kind}")
    return kind
