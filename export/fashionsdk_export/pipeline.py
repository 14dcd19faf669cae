"""Checkpoint in, bundle out: fuse, export, lower, prove, write."""

import math
import platform
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import get_args

import onnx

from fashionsdk.bundle import Bundle, GraphInfo, Manifest, ModelInfo, Precision, Reference
from fashionsdk.labels import RetrievalSplit
from fashionsdk_export.errors import ExportError
from fashionsdk_export.graph import OPSET, export_graph, fuse, make_reference, reference_images
from fashionsdk_export.parity import Evidence, Examination, Proof, prove
from fashionsdk_export.precision import lower
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import AttributeModel

NO_EVIDENCE = Evidence()


@dataclass(frozen=True)
class ExportReport:
    """What an export made and how close each graph is to PyTorch."""

    bundle: Bundle
    proofs: Mapping[Precision, Proof]

    def summary(self) -> str:
        """Return a few lines for a person."""
        names = ", ".join(attribute.name for attribute in self.bundle.manifest.attributes)
        return "\n".join([f"{self.bundle.path} embeds {names}", *map(self._describe, self.bundle.manifest.graphs)])

    def _describe(self, graph: GraphInfo) -> str:
        size = (self.bundle.path / graph.file).stat().st_size / 1e6
        kept = len(self.bundle.manifest.extra.get("kept_in_float", {}).get(graph.precision, ()))
        islands = f", {kept} nodes kept in float32" if kept else ""
        return f"\n{graph.file}, {size:.1f} MB{islands}\n{self.proofs[graph.precision]}"


def build_bundle(
    checkpoint: Checkpoint,
    out: str | Path,
    *,
    precisions: Sequence[Precision] = ("fp32",),
    evidence: Evidence = NO_EVIDENCE,
    map_loss: float | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Export ``checkpoint`` to the bundle folder ``out``, once its graphs have proved to give PyTorch's numbers.

    The proof runs through the SDK, as a user's would: a bundle is written to a temporary folder, opened and checked.

    Args:
        checkpoint: the trained model.
        out: the folder to make.
        precisions: the graphs to write; the first is the bundle's default.
        evidence: photos that INT8 is calibrated on, and labelled ones to measure MAP on.
        map_loss: points of MAP that a graph may lose against fp32; ``None`` for
            ``fashionsdk_export.parity.graph_evaluation.MAP_LOSS``.
        overwrite: whether a bundle at ``out`` may be replaced.

    Raises:
        CheckpointError: the checkpoint does not fit its model.
        ExportError: a graph cannot be made, differs from PyTorch, or loses too much; INT8 was asked for without photos.
        BundleError: ``out`` exists and may not be replaced.
        ValueError: no precision is given, one twice or an unknown one, or ``map_loss`` is negative.
    """
    _check(precisions, evidence, map_loss)
    Bundle.check_writable(out, overwrite=overwrite)
    evidence = evidence.for_attributes([attribute.name for attribute in checkpoint.attributes])
    model = checkpoint.build()
    reference = make_reference(model, reference_images(checkpoint.preprocessing))
    with tempfile.TemporaryDirectory(prefix="fashionsdk-export-") as folder:
        made = Path(folder)
        kept = _make_graphs(checkpoint, model, reference, precisions, evidence, made)
        manifest = _manifest(checkpoint, model, reference, kept)
        files = {graph.file: made / graph.file for graph in manifest.graphs}
        trial = Bundle.write(made / "trial", manifest=manifest, graphs=files, reference=reference)
        proofs = _prove(trial, precisions, evidence.split, map_loss)
        graphs = tuple(_info(precision, proof.parity()) for precision, proof in proofs.items())
        measured = {precision: proof.by_runtime() for precision, proof in proofs.items()}
        bundle = Bundle.write(
            out,
            manifest=replace(manifest, graphs=graphs, extra={**manifest.extra, "runtimes": measured}),
            graphs={graph.file: files[graph.file] for graph in graphs},
            reference=reference,
            overwrite=overwrite,
        )
    return ExportReport(bundle, proofs)


def _prove(
    trial: Bundle, precisions: Sequence[Precision], split: RetrievalSplit | None, map_loss: float | None
) -> dict[Precision, Proof]:
    """Prove the graphs, then examine them where there are labelled photos."""
    checks = {precision: prove(trial, precision) for precision in precisions}
    if split is None:
        return {precision: Proof(checks[precision]) for precision in precisions}
    examine = Examination(trial, split, map_loss)
    return {precision: Proof(checks[precision], examine(precision)) for precision in precisions}


def _check(precisions: Sequence[Precision], evidence: Evidence, map_loss: float | None) -> None:
    known = get_args(Precision)
    if not precisions or len(set(precisions)) < len(precisions) or not set(precisions) <= set(known):
        raise ValueError(f"precisions are {precisions!r}; expected one or more of {', '.join(known)}, each once")
    if map_loss is not None and not 0 <= map_loss < math.inf:
        raise ValueError(f"map_loss is {map_loss}; expected points of MAP, 0 or more")
    if "int8" in precisions and not evidence.photos:
        raise ExportError("int8 is calibrated on photos such as the model will see; give a table or a folder of photos")


def graph_file(precision: Precision) -> str:
    """Return the name of a graph's file in a bundle."""
    return f"model.{precision}.onnx"


def _make_graphs(
    checkpoint: Checkpoint,
    model: AttributeModel,
    reference: Reference,
    precisions: Sequence[Precision],
    evidence: Evidence,
    folder: Path,
) -> dict[Precision, tuple[str, ...]]:
    """Write the fp32 graph and those asked for; return the names of the nodes that each keeps in float32."""
    full = folder / graph_file("fp32")
    export_graph(fuse(model), checkpoint.preprocessing.side, full, attention=reference.attention is not None)
    kept: dict[Precision, tuple[str, ...]] = {"fp32": ()}
    fewer = [precision for precision in precisions if precision != "fp32"]
    if not fewer:
        return kept
    images = evidence.images(checkpoint.preprocessing) if evidence.photos else reference.images
    graph = onnx.load(full)
    for precision in fewer:
        lowered = lower(graph, precision, images)
        onnx.save(lowered.model, folder / graph_file(precision))
        kept[precision] = lowered.kept
    return kept


def _info(precision: Precision, parity: Mapping[str, float]) -> GraphInfo:
    return GraphInfo(graph_file(precision), precision, OPSET, parity)


def _manifest(
    checkpoint: Checkpoint, model: AttributeModel, reference: Reference, kept: Mapping[Precision, Sequence[str]]
) -> Manifest:
    config = checkpoint.model
    shape = None if reference.attention is None else reference.attention.shape
    return Manifest(
        model=ModelInfo(config.architecture, config.backbone, model.dimension, checkpoint.revision),
        attributes=checkpoint.attributes,
        preprocessing=checkpoint.preprocessing,
        attention_shape=None if shape is None else (int(shape[2]), int(shape[3])),
        graphs=tuple(_info(precision, {}) for precision in kept),
        history=checkpoint.history,
        metrics=checkpoint.metrics,
        created_by=_versions(
            "fashionsdk", "torch", "timm", "onnx", "onnxscript", "onnxruntime", "onnxruntime-gpu", "openvino"
        ),
        extra={
            "data_digest": checkpoint.data_digest,
            "kept_in_float": {precision: list(names) for precision, names in kept.items() if names},
        },
    )


def _versions(*packages: str) -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in packages:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
