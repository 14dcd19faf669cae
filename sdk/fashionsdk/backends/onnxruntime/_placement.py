"""Raise if ONNX Runtime placed a node meant for the GPU on the CPU."""

from collections import Counter
from typing import Any

from fashionsdk.errors import BackendError

RECORD_PLACEMENT = "session.record_ep_graph_assignment_info"

# The operators with which graphs compute the lengths of tensors. ONNX Runtime computes those few integers on the CPU
# on purpose. CUDA has kernels for all of these operators, so features that pass through them stay on the GPU.
_LENGTHS = {"Add", "Cast", "Concat", "ConstantOfShape", "Div", "Equal", "Expand", "Gather", "Mul"}
_LENGTHS |= {"Range", "Reshape", "Shape", "Size", "Slice", "Squeeze", "Sub", "Unsqueeze", "Where"}


def check_placement(session: Any, provider: str, device: str) -> None:
    """Check that a session computes everything but lengths with ``provider``.

    Args:
        session: an ``onnxruntime.InferenceSession`` opened with ``RECORD_PLACEMENT`` set to 1.
        provider: the execution provider, such as ``"CUDAExecutionProvider"``.
        device: the requested device, for the message.

    Raises:
        BackendError: another provider computes more than lengths, or this ONNX Runtime cannot tell.
    """
    if not hasattr(session, "get_provider_graph_assignment_info"):
        raise BackendError(
            f"this onnxruntime cannot tell whether all of the graph runs on {device}; expected 1.24.1 or later: "
            'run pip install --upgrade "fashionsdk[gpu]"'
        )
    elsewhere = Counter(
        node.op_type
        for part in session.get_provider_graph_assignment_info()
        for node in part.get_nodes()
        if part.ep_name != provider and node.op_type not in _LENGTHS
    )
    if elsewhere:
        kinds = ", ".join(f"{count} {kind}" for kind, count in elsewhere.most_common())
        raise BackendError(
            f"{device} was asked for, but {provider} has no kernel for {elsewhere.total()} of the graph's nodes "
            f"({kinds}), which would run on the CPU: choose a newer onnxruntime, another precision, or device='cpu'"
        )
