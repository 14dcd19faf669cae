"""Write a static network as an ONNX graph."""

import contextlib
import io
import warnings
from pathlib import Path

import onnx
import torch
from onnxscript.optimizer import optimize
from torch import nn

from fashionsdk_export.errors import ExportError

OPSET = 18
LARGEST_FOLDED = 1 << 24  # elements of a tensor, enough for any layer's weights
TRACED_BATCH = 2  # not 1: the exporter treats a traced 1 as a constant


def export_graph(static: nn.Module, input: tuple[int, int], path: Path, *, attention: bool = True) -> None:
    """Write ``static`` to ``path``: uint8 ``images`` in, ``embeddings`` and ``attention`` out.

    The shapes are ``(B, H, W, 3)``, ``(B, A, D)`` and ``(B, A, h, w)`` with a dynamic B. Weights are in the same file.

    Args:
        static: the result of ``fashionsdk_export.graph.fuse``.
        input: height and width of the model's input in pixels.
        path: the file to write.
        attention: whether the network has spatial attention.

    Raises:
        ExportError: torch cannot express the network in ONNX, or the result is not a valid graph.
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # the exporter and the optimiser print a lot
            graph = _fold(_convert(static, input, ["embeddings", "attention"] if attention else ["embeddings"]))
        _drop_traces(graph)
        onnx.save(graph, path)
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:  # the exporter raises whatever its passes raise
        raise ExportError(
            f"cannot export {type(static).__name__} at {input[0]} x {input[1]} pixels: {error}"
        ) from error


def _convert(static: nn.Module, input: tuple[int, int], outputs: list[str]) -> onnx.ModelProto:
    images = torch.zeros(TRACED_BATCH, *input, 3, dtype=torch.uint8)
    with torch.no_grad(), warnings.catch_warnings():  # with gradients tracing is slower, and the graph the same
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            static,
            (images,),
            dynamo=True,
            opset_version=OPSET,
            optimize=False,  # `_fold` does, and more
            input_names=["images"],
            output_names=outputs,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        )
    assert program is not None
    return program.model_proto


def _fold(graph: onnx.ModelProto) -> onnx.ModelProto:
    """Compute what depends on constants alone; the exporter does so for small ones, but not for slices of weights."""
    folded: onnx.ModelProto = optimize(graph, input_size_limit=LARGEST_FOLDED, output_size_limit=LARGEST_FOLDED)
    return folded


def _drop_traces(graph: onnx.ModelProto) -> None:
    """Remove the exporter's notes: source lines and paths of the exporting machine."""
    del graph.metadata_props[:]
    graph.graph.doc_string = ""
    del graph.graph.metadata_props[:]
    values = (*graph.graph.input, *graph.graph.output, *graph.graph.value_info, *graph.graph.initializer)
    for part in (*graph.graph.node, *values):
        part.doc_string = ""
        del part.metadata_props[:]
