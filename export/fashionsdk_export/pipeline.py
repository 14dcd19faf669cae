"""Checkpoint in, bundle out: fuse, export, lower the precision, check, write."""

import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import onnx

from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.bundle import Bundle, GraphInfo, Manifest, ModelInfo, Precision, Reference
from fashionsdk.values import Posterior
from fashionsdk_export.arguments import check_arguments
from fashionsdk_export.compact import CompactionFigures, CompactModel, PhotoVectors, compact
from fashionsdk_export.errors import ExportError
from fashionsdk_export.graph import OPSET, export_graph, fuse, make_reference, reference_images
from fashionsdk_export.parity import CalibrationPhotos, GraphCheck, GraphEvaluation, calibrated, check_graph
from fashionsdk_export.precision import lower
from fashionsdk_training.checkpoint import Checkpoint
from fashionsdk_training.models import AttributeModel

NO_PHOTOS = CalibrationPhotos()


@dataclass(frozen=True)
class ExportReport:
    """The bundle of an export, and how close each graph is to PyTorch."""

    bundle: Bundle
    checks: Mapping[Precision, GraphCheck]
    compaction: CompactionFigures | None = None

    def summary(self) -> str:
        """Return a few lines for a person."""
        names = ", ".join(attribute.name for attribute in self.bundle.manifest.attributes)
        compact = [] if self.compaction is None else [f"compact vectors: {self.compaction}"]
        graphs = map(self._describe, self.bundle.manifest.graphs)
        return "\n".join([f"{self.bundle.path} embeds {names}", *compact, *graphs])

    def _describe(self, graph: GraphInfo) -> str:
        size = (self.bundle.path / graph.file).stat().st_size / 1e6
        count = len(self.bundle.manifest.extra.get("kept_in_float", {}).get(graph.precision, ()))
        islands = f", {count} nodes in float32" if count else ""
        return f"\n{graph.file}, {size:.1f} MB{islands}\n{self.checks[graph.precision]}"


def build_bundle(
    checkpoint: Checkpoint,
    out: str | Path,
    *,
    precisions: Sequence[Precision] = ("fp32",),
    photos: CalibrationPhotos = NO_PHOTOS,
    map_loss: float | None = None,
    bytes_per_item: int | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> ExportReport:
    """Export ``checkpoint`` to the bundle folder ``out`` if its graphs give PyTorch's answers.

    The check runs through the SDK, as a user's would: a bundle is written to a temporary folder, opened and checked.

    Args:
        checkpoint: the trained model.
        out: the folder to create.
        precisions: the graphs to write; the first is the bundle's default.
        photos: photos to calibrate INT8 with, and labelled ones to measure MAP on.
        map_loss: points of MAP that a graph may lose compared with fp32, or ``None`` for
            ``fashionsdk_export.parity.graph_evaluation.MAP_LOSS``.
        bytes_per_item: for compact vectors: how many numbers, of a byte each in int8, an item's vectors have for all
            attributes together; ``None`` for the model's own vectors.
        overwrite: whether a bundle at ``out`` may be replaced.
        progress: whether to show progress bars.

    Raises:
        CheckpointError: the checkpoint does not fit its model.
        ExportError: a graph cannot be made, differs from PyTorch, or loses too much, or INT8 has no photos, or there is
            no space for temporary files, or compact vectors have no labelled photos or too few bytes.
        BundleError: ``out`` exists and may not be replaced.
        ValueError: no precision is given, one twice or an unknown one, or ``map_loss`` is negative.
    """
    check_arguments(out, precisions, photos, map_loss, bytes_per_item, overwrite=overwrite)
    photos = photos.for_attributes([attribute.name for attribute in checkpoint.attributes])
    model, figures = _model_to_export(checkpoint, photos, bytes_per_item, progress)
    reference = make_reference(model, reference_images(checkpoint.preprocessing))
    with system_errors_as(ExportError, f"cannot export to {out}"), scratch_folder() as made:
        in_float = _make_graphs(checkpoint, model, reference, precisions, photos, made, progress)
        manifest = _manifest(checkpoint, model, reference, in_float, figures)
        files = {graph.file: made / graph.file for graph in manifest.graphs}
        trial = Bundle.write(made / "trial", manifest=manifest, graphs=files, reference=reference)
        checks, posteriors = _check_graphs(trial, precisions, photos, map_loss, progress)
        manifest = _as_measured(manifest, checks, posteriors)
        files = {graph.file: files[graph.file] for graph in manifest.graphs}
        bundle = Bundle.write(out, manifest=manifest, graphs=files, reference=reference, overwrite=overwrite)
    return ExportReport(bundle, checks, figures)


def _model_to_export(
    checkpoint: Checkpoint, photos: CalibrationPhotos, bytes_per_item: int | None, progress: bool
) -> tuple[AttributeModel, CompactionFigures | None]:
    """Return the checkpoint's model; with ``bytes_per_item`` one of compact vectors, and what these keep."""
    model = checkpoint.build()
    if bytes_per_item is None:
        return model, None
    vectors = PhotoVectors.of(model, checkpoint.preprocessing, photos, progress=progress)
    compaction = compact(model, checkpoint.attributes, vectors, bytes_per_item)
    return compaction.model, compaction.figures


def _as_measured(
    manifest: Manifest, checks: Mapping[Precision, GraphCheck], posteriors: Mapping[str, Posterior]
) -> Manifest:
    """Return the manifest of the graphs that were checked, with what was measured of them."""
    return replace(
        manifest,
        model=replace(manifest.model, posteriors=dict(posteriors)),
        graphs=tuple(
            replace(_info(precision, check.parity()), quality=check.quality) for precision, check in checks.items()
        ),
        extra={**manifest.extra, "runtimes": {precision: check.by_runtime() for precision, check in checks.items()}},
    )


def _check_graphs(
    trial: Bundle,
    precisions: Sequence[Precision],
    photos: CalibrationPhotos,
    map_loss: float | None,
    progress: bool,
) -> tuple[dict[Precision, GraphCheck], dict[str, Posterior]]:
    """Compare the graphs with PyTorch's answers, then evaluate and calibrate them if there are labelled photos."""
    reports = {precision: check_graph(trial, precision) for precision in precisions}
    posteriors = dict(trial.manifest.model.posteriors)
    if photos.split is None:
        return {precision: GraphCheck(reports[precision]) for precision in precisions}, posteriors
    evaluate = GraphEvaluation(trial, photos.split, map_loss, progress=progress)
    checks = {
        precision: GraphCheck(reports[precision], evaluate(precision), evaluate.quality[precision])
        for precision in precisions
    }
    return checks, calibrated(trial.manifest, photos.split, evaluate.indices, evaluate.vectors, photos.labels)


def graph_file(precision: Precision) -> str:
    """Return the name of a graph's file in a bundle."""
    return f"model.{precision}.onnx"


def _make_graphs(
    checkpoint: Checkpoint,
    model: AttributeModel,
    reference: Reference,
    precisions: Sequence[Precision],
    photos: CalibrationPhotos,
    folder: Path,
    progress: bool,
) -> dict[Precision, tuple[str, ...]]:
    """Write the fp32 graph and the requested ones; return the names of the nodes that stay float32 in each."""
    full = folder / graph_file("fp32")
    export_graph(fuse(model), checkpoint.preprocessing.shape[:2], full, attention=reference.attention is not None)
    in_float: dict[Precision, tuple[str, ...]] = {"fp32": ()}
    lower_precisions = [precision for precision in precisions if precision != "fp32"]
    if not lower_precisions:
        return in_float
    images = photos.images(checkpoint.preprocessing, progress=progress) if photos.paths else reference.images
    graph = onnx.load(full)
    for precision in lower_precisions:
        lowered = lower(graph, precision, images, progress=progress)
        onnx.save(lowered.model, folder / graph_file(precision))
        in_float[precision] = lowered.in_float
    return in_float


def _info(precision: Precision, parity: Mapping[str, float]) -> GraphInfo:
    return GraphInfo(graph_file(precision), precision, OPSET, parity)


def _manifest(
    checkpoint: Checkpoint,
    model: AttributeModel,
    reference: Reference,
    in_float: Mapping[Precision, Sequence[str]],
    compaction: CompactionFigures | None,
) -> Manifest:
    shape = None if reference.attention is None else reference.attention.shape
    return Manifest(
        model=_model_info(checkpoint, model),
        attributes=checkpoint.attributes,
        preprocessing=checkpoint.preprocessing,
        attention_shape=None if shape is None else (int(shape[2]), int(shape[3])),
        graphs=tuple(_info(precision, {}) for precision in in_float),
        history=checkpoint.history,
        metrics=checkpoint.metrics,
        created_by=_versions(
            "fashionsdk", "torch", "timm", "onnx", "onnxscript", "onnxruntime", "onnxruntime-gpu", "openvino"
        ),
        extra={
            "data_digest": checkpoint.data_digest,
            "kept_in_float": {precision: list(names) for precision, names in in_float.items() if names},
            **({"extends": _extends(checkpoint)} if compaction is None else {"compact": asdict(compaction)}),
        },
    )


def _extends(checkpoint: Checkpoint) -> list[str]:
    """Return the digests of the checkpoints that attributes were added to, whose embeddings stay bit for bit."""
    return [step["extends"] for step in checkpoint.recipe.get("added", ()) if "extends" in step]


def _model_info(checkpoint: Checkpoint, model: AttributeModel) -> ModelInfo:
    config, space = checkpoint.model, model.value_space(checkpoint.attributes)
    posteriors = {} if space is None else space.posteriors
    if not isinstance(model, CompactModel):
        return ModelInfo(config.architecture, config.backbone, model.dimension, checkpoint.digest, posteriors)
    names = (attribute.name for attribute in checkpoint.attributes)
    return ModelInfo(
        config.architecture,
        config.backbone,
        model.dimension,
        model.digest(checkpoint.digest),
        posteriors,
        dict(zip(names, model.directions.lengths, strict=True)),
        "int8",
    )


def _versions(*packages: str) -> dict[str, str]:
    versions = {"python": platform.python_version()}
    for name in packages:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions
