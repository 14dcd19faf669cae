"""Graphs that tests of the export share."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from fashionsdk_export.fuse import fuse
from fashionsdk_export.graph import export_graph
from fashionsdk_training.config import ModelConfig
from tests.training.conftest import trained_like

SIDE, ATTRIBUTES = 48, 3


def exported(config: ModelConfig, path: Path) -> onnx.ModelProto:
    """Return a network's graph in float32; its batch-norm statistics are not the initial ones."""
    model = trained_like(config, ATTRIBUTES + config.added)
    with torch.inference_mode():
        attention = model(torch.zeros(1, SIDE, SIDE, 3, dtype=torch.uint8)).attention is not None
    export_graph(fuse(model), SIDE, path, attention=attention)
    return onnx.load(path)


def images(count: int, side: int = SIDE) -> NDArray[np.uint8]:
    """Return pictures of coloured squares: unlike noise, they differ from each other in every layer."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 4, 4, 3), dtype=np.uint8)
    return coarse.repeat(side // 4, axis=1).repeat(side // 4, axis=2)


def run(model: onnx.ModelProto, feed: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return every output of a graph."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    return dict(zip(names, session.run(names, {"images": feed}), strict=True))


def types(model: onnx.ModelProto) -> dict[str, int]:
    """Return each tensor's type."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    found = {value.name: value.type.tensor_type.elem_type for value in (*graph.input, *graph.output, *graph.value_info)}
    return found | {weight.name: weight.data_type for weight in graph.initializer}
