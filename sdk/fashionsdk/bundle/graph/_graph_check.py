"""Check a graph's file: whole, with the operators of exports, weights inside the bundle, and sizes like a network's."""

import mmap
import posixpath
from collections.abc import Mapping
from pathlib import Path

from fashionsdk.bundle.graph._element_types import check_types
from fashionsdk.bundle.graph._onnx_graph import RefusedGraphError, Tensor, read_graph
from fashionsdk.bundle.graph._sizes import OPERATORS, check_sizes

MOST_NODES = 20_000  # ASEN++ on two ResNets has 307

_EXTERNAL_KEYS = {"location", "offset", "length", "checksum"}


def check_graph(path: Path, name: str, files: Mapping[str, int], shape: tuple[int, int, int]) -> None:
    """Check a graph before any runtime sees it.

    Args:
        path: the ONNX file.
        name: its name in the bundle.
        files: the bytes of each file of the bundle, by its name.
        shape: of one photo's input, ``(H, W, 3)``.

    Raises:
        RefusedGraphError: the graph is whole, but has what no export writes.
        ValueError: it is no whole ONNX file.
        OSError: it cannot be read.
    """
    if not name.endswith(".onnx"):  # by other endings, runtimes would take it for a file of another format
        raise RefusedGraphError("has a name that does not end in .onnx")
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # so that weights are not read
    graph = read_graph(memoryview(data), OPERATORS)
    if len(graph.nodes) > MOST_NODES:
        raise RefusedGraphError(f"has {len(graph.nodes)} nodes; expected {MOST_NODES} at most")
    for tensor in graph.constants:
        _check_external(tensor, posixpath.dirname(name), files)
    for node in graph.nodes:
        for value in node.attributes.values():
            if isinstance(value, Tensor):
                _check_external(value, posixpath.dirname(name), files)
    check_sizes(graph, shape)
    check_types(graph)


def _check_external(tensor: Tensor, folder: str, files: Mapping[str, int]) -> None:
    """Check that a tensor's data lie in the graph itself, or inside a file of the bundle."""
    if not tensor.external:
        return
    location = tensor.external.get("location", "")
    size = files.get(posixpath.join(folder, location))
    # A name of the bundle is plain: posixpath.join of a path with "..", or an absolute one, is none.
    if size is None:
        raise RefusedGraphError(f"has weights in {location!r:.200}, which the manifest does not list")
    if unknown := sorted(set(tensor.external) - _EXTERNAL_KEYS):
        raise RefusedGraphError(f"has weights in another file with the setting {unknown[0]!r:.80}")
    needed = tensor.size * tensor.itemsize
    offset = _whole_number(tensor.external.get("offset", "0"))
    length = _whole_number(tensor.external.get("length", str(needed)))
    if length != needed or offset + length > size:
        raise RefusedGraphError(f"has weights of {needed} bytes at {offset} of the {size} bytes of {location!r:.200}")


def _whole_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise RefusedGraphError(f"has weights in another file at {text!r:.80}; expected a whole number")
    return int(text)
