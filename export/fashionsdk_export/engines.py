"""Add engines to a bundle: caches of its graphs, built for one library version and GPU architecture."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from fashionsdk.bundle import Bundle, EngineInfo, GraphInfo, Precision
from fashionsdk.bundle.manifest import REFERENCE_FILE
from fashionsdk_export.engine import BuiltEngine, EngineConfig, build_engine
from fashionsdk_export.precision.symmetric import to_symmetric


@dataclass(frozen=True)
class EngineReport:
    """The bundle, and the engines that were added to it."""

    bundle: Bundle
    built: Mapping[str, BuiltEngine]

    def summary(self) -> str:
        """Return a line for each engine."""
        lines = []
        for info in self.bundle.manifest.engines:
            if info.file in self.built:
                size = (self.bundle.path / info.file).stat().st_size / 1e6
                layers = len(self.built[info.file].layers)
                lines.append(
                    f"{info.file}, {size:.1f} MB: {info.kind} {info.library_version} for compute capability "
                    f"{info.compute_capability}, batches of {info.min_batch} to {info.max_batch}; "
                    f"{layers} layers read back, each {info.precision} where the graph is"
                )
        return "\n".join(lines)


def add_engines(
    bundle: Bundle,
    out: str | Path,
    config: EngineConfig,
    precisions: Sequence[Precision] = (),
    *,
    overwrite: bool = False,
) -> EngineReport:
    """Write ``bundle`` and engines of its graphs to the folder ``out``.

    An engine that the bundle has for the same library version, GPUs and precision is replaced; the others are kept.

    Args:
        bundle: the bundle; neither PyTorch nor the checkpoint is needed.
        out: the folder to make; the bundle's own with ``overwrite``.
        config: what to build for.
        precisions: the graphs to build engines of; empty for all of the bundle's.
        overwrite: whether a bundle at ``out`` may be replaced.

    Raises:
        ExportError: an engine cannot be built, or computes in another precision than its graph.
        BundleError: the bundle has no graph of a precision, or ``out`` exists and may not be replaced.
        ValueError: a precision is given twice.
    """
    if len(set(precisions)) < len(precisions):
        raise ValueError(f"precisions are {precisions!r}; expected each once")
    Bundle.check_writable(out, overwrite=overwrite)
    manifest = bundle.manifest
    graphs = [bundle.graph(name) for name in precisions] if precisions else list(manifest.graphs)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-engines-") as folder:
        built = {}
        infos = []
        files = {name: bundle.path / name for name in manifest.files if name != REFERENCE_FILE}
        for graph in graphs:
            engine = build_engine(_buildable(bundle.path / graph.file, graph, Path(folder)), graph.precision, config)
            info = _describe(engine, graph, config)
            built[info.file] = engine
            infos.append(info)
            files[info.file] = Path(folder) / Path(info.file).name
            files[info.file].write_bytes(engine.data)
        kept = [info for info in manifest.engines if info.file not in built]
        written = Bundle.write(
            out,
            manifest=replace(manifest, engines=(*kept, *infos), files={}),
            graphs=files,
            reference=bundle.reference(),
            overwrite=overwrite,
        )
    return EngineReport(written, built)


def _buildable(file: Path, graph: GraphInfo, folder: Path) -> Path:
    """Return the graph's file, or for INT8 that of the same graph as TensorRT takes it."""
    if graph.precision != "int8":
        return file
    signed = folder / f"signed-{file.name}"
    onnx.save(to_symmetric(onnx.load(file)), signed)
    return signed


def _describe(engine: BuiltEngine, graph: GraphInfo, config: EngineConfig) -> EngineInfo:
    gpus = engine.compute_capability.replace(".", "").replace(",", "-")
    return EngineInfo(
        file=f"engines/model.{graph.precision}.{engine.kind}-{engine.library_version}.sm{gpus}.engine",
        kind=engine.kind,
        precision=graph.precision,
        library_version=engine.library_version,
        compute_capability=engine.compute_capability,
        min_batch=config.min_batch,
        opt_batch=config.opt_batch,
        max_batch=config.max_batch,
    )
