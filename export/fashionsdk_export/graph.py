"""Write a static network as an ONNX graph."""

import contextlib
import io
import logging
import warnings
from pathlib import Path

import onnx
import torch
from torch import nn

from fashionsdk_export.errors import ExportError

OPSET = 18
TRACED_BATCH = 2  # any but 1: the exporter takes a traced 1 for a constant

logger = logging.getLogger(__name__)


def export_graph(static: nn.Module, side: int, path: Path) -> None:
    """Write ``static`` to ``path``: input ``images`` uint8 ``(B, S, S, 3)``, outputs ``embeddings`` and ``attention``.

    B is dynamic. The weights lie inside the file.

    Args:
        static: what ``fashionsdk_export.fuse.fuse`` returned.
        side: S.
        path: the file to write.

    Raises:
        ExportError: torch cannot express the network in ONNX, or the result is not a valid graph.
    """
    images = torch.zeros(TRACED_BATCH, side, side, 3, dtype=torch.uint8)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):  # the exporter chats
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                static,
                (images,),
                dynamo=True,
                opset_version=OPSET,
                input_names=["images"],
                output_names=["embeddings", "attention"],
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            )
        assert program is not None
        program.save(path, external_data=False)
        onnx.checker.check_model(str(path), full_check=True)
    except Exception as error:  # the exporter raises whatever its passes raise
        raise ExportError(f"cannot export {type(static).__name__} at {side} pixels: {error}") from error
    logger.info("wrote %s, %.1f MB", path.name, path.stat().st_size / 1e6)
