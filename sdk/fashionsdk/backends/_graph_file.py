"""Which graph a precision is computed from, and its path."""

from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle


def source_precision(precision: str | None) -> str | None:
    """Return the precision of the graph that one is computed from: bf16 has none of its own, and takes that of fp32."""
    return "fp32" if precision == "bf16" else precision


def checked_graph(bundle: "Bundle", precision: str | None, device: str) -> Path:
    """Return the path of the graph of a precision, after a check of what is in it; ``device`` is for the message.

    Raises:
        BundleError: the bundle has no such graph, or the graph has something that no export writes.
        BackendError: the file cannot be read, or is no whole ONNX graph.
    """
    path = bundle.graph_path(precision)
    try:
        bundle.check_graph(precision)
    except (OSError, ValueError) as error:
        raise BackendError(f"{path} does not load on {device}: {error}; copy or export the bundle again") from error
    return path
