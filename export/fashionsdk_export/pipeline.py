"""Checkpoint in, bundle out: fuse, export, prove, write."""

import platform
import tempfile
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fashionsdk.bundle import Bundle, GraphInfo, Manifest, ModelInfo, Reference
from fashionsdk.parity import CheckReport, check
from fashionsdk.preprocessing import Preprocessing
from fashionsdk_export.errors import ExportError
from fashionsdk_export.fuse import fuse
from fashionsdk_export.graph import OPSET, export_graph
from fashionsdk_training import garments
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import AttributeModel

GRAPH_FILE = "model.fp32.onnx"
REFERENCE_IMAGES = 16


@dataclass(frozen=True)
class ExportReport:
    """What an export made and how close it is to PyTorch."""

    bundle: Bundle
    parity: CheckReport

    def summary(self) -> str:
        """Return a few lines for a person."""
        size = (self.bundle.path / GRAPH_FILE).stat().st_size / 1e6
        names = ", ".join(attribute.name for attribute in self.bundle.manifest.attributes)
        return f"{self.bundle.path}: {GRAPH_FILE}, {size:.1f} MB, embeds {names}\n{self.parity}"


def build_bundle(checkpoint: Checkpoint, out: str | Path, *, overwrite: bool = False) -> ExportReport:
    """Export ``checkpoint`` to the bundle folder ``out``, once its graph has proved to give PyTorch's numbers.

    The proof runs through the SDK, as a user's would: a bundle is written to a temporary folder, opened and checked.

    Raises:
        CheckpointError: the checkpoint does not fit its model.
        ExportError: the graph cannot be made or differs from PyTorch.
        BundleError: ``out`` exists and may not be replaced.
    """
    model = checkpoint.build()
    reference = make_reference(model, reference_images(checkpoint.preprocessing))
    manifest = _manifest(checkpoint, model, reference)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-export-") as folder:
        graph = Path(folder) / GRAPH_FILE
        side, attention = checkpoint.preprocessing.side, reference.attention is not None
        export_graph(fuse(model), side, graph, attention=attention)
        graphs = {GRAPH_FILE: graph}
        trial = Bundle.write(Path(folder) / "trial", manifest=manifest, graphs=graphs, reference=reference)
        parity = check(trial, device="cpu")
        if not parity.ok:
            raise ExportError(f"the graph does not give PyTorch's numbers, so nothing was written: {parity}")
        proved = replace(manifest, graphs=(replace(manifest.graphs[0], parity=_figures(parity)),))
        bundle = Bundle.write(out, manifest=proved, graphs=graphs, reference=reference, overwrite=overwrite)
    return ExportReport(bundle, parity)


def _figures(report: CheckReport) -> dict[str, float]:
    return {name: float(value) for name, value in asdict(report.parity).items() if value is not None}


def reference_images(preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Return generated garments as model input, ``(n, S, S, 3)``: anyone's bundle can carry them."""
    drawn = [garments.draw(index, seed=1, side=max(64, preprocessing.side)) for index in range(REFERENCE_IMAGES)]
    return np.stack([preprocessing(garment.image) for garment in drawn])


def make_reference(model: AttributeModel, images: NDArray[np.uint8]) -> Reference:
    """Return PyTorch's float32 answers to ``images``."""
    with torch.inference_mode():
        encoded = model(torch.from_numpy(images))
    attention = None if encoded.attention is None else encoded.attention.numpy()
    return Reference(images, encoded.embeddings.numpy(), attention)


def _manifest(checkpoint: Checkpoint, model: AttributeModel, reference: Reference) -> Manifest:
    config = checkpoint.model
    shape = None if reference.attention is None else reference.attention.shape
    packages = ("fashionsdk", "torch", "timm", "onnx", "onnxscript")
    return Manifest(
        model=ModelInfo(config.architecture, config.backbone, model.dimension, checkpoint.revision),
        attributes=checkpoint.attributes,
        preprocessing=checkpoint.preprocessing,
        attention_shape=None if shape is None else (int(shape[2]), int(shape[3])),
        graphs=(GraphInfo(GRAPH_FILE, "fp32", OPSET, {}),),
        history=checkpoint.history,
        metrics=checkpoint.metrics,
        created_by={"python": platform.python_version(), **{name: version(name) for name in packages}},
        extra={"data_digest": checkpoint.data_digest},
    )
