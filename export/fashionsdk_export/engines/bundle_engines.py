"""Add engines to a bundle: caches of its graphs, built for one library version and GPU architecture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import onnx

from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.backends import checked_graph
from fashionsdk.bundle import Bundle, EngineInfo, GraphInfo, Precision
from fashionsdk.embedding import CheckReport, check
from fashionsdk_export.engines.build_library import load, target
from fashionsdk_export.engines.engine_builder import BuiltEngine, build_engine, read_timing_cache
from fashionsdk_export.engines.engine_config import EngineConfig
from fashionsdk_export.engines.engine_writing import write_engines
from fashionsdk_export.errors import ExportError
from fashionsdk_export.parity import figures
from fashionsdk_export.precision import to_symmetric


@dataclass(frozen=True)
class EngineReport:
    """The bundle, and the engines that were added to it.

    Attributes:
        bundle: the bundle.
        built: the engines, by file.
        signed: the check of the graph that an INT8 engine is built from; ``None`` without one.
    """

    bundle: Bundle
    built: Mapping[str, BuiltEngine]
    signed: CheckReport | None

    def summary(self) -> str:
        """Return the check of the INT8 graph, if any, and a line for each engine."""
        engines = [self._describe(info) for info in self.bundle.manifest.engines if info.file in self.built]
        if self.signed is None:
            return "\n".join(engines)
        return "\n".join(["the int8 graph for TensorRT, with signed activations", str(self.signed), *engines])

    def _describe(self, info: EngineInfo) -> str:
        size = (self.bundle.path / info.file).stat().st_size / 1e6
        return (
            f"{info.file}, {size:.1f} MB: {info.kind} {info.library_version} for compute capability "
            f"{info.compute_capability}, batches of {info.min_batch} to {info.max_batch}; "
            f"{len(self.built[info.file].layers)} layers read back, each {info.precision} where the graph is"
        )


def check_library(config: EngineConfig) -> None:
    """Check that the library is installed and builds for these GPUs, before any long work.

    Raises:
        ExportError: the library or the GPU is missing, does not fit, or the timing cache cannot be written.
    """
    library = load(config.kind)
    if config.timing_cache is not None:
        read_timing_cache(config.timing_cache)
    with target(library, config):
        pass


def add_engines(
    bundle: Bundle,
    out: str | Path,
    config: EngineConfig,
    precisions: Sequence[Precision] = (),
    *,
    overwrite: bool = False,
    progress: bool = False,
) -> EngineReport:
    """Write ``bundle`` and engines of its graphs to the folder ``out``.

    An engine of the same library version, GPUs and precision is replaced. The others stay. Engines are sorted by kind,
    then by file.

    Args:
        bundle: the bundle; neither PyTorch nor the checkpoint is needed.
        out: the folder to make; the bundle's own with ``overwrite``.
        config: the settings of the builds.
        precisions: the graphs to build engines of; empty for all of the bundle's.
        overwrite: whether a bundle at ``out`` may be replaced.
        progress: whether to show progress bars.

    Raises:
        ExportError: an engine cannot be built, or computes in another precision than its graph; or the INT8 graph does
            not give PyTorch's answers after the changes for TensorRT.
        BackendError: ONNX Runtime, which computes that graph, is not installed, or a graph is damaged.
        BundleError: the bundle has no graph of a precision, a graph has what no export writes, or ``out`` exists and
            may not be replaced.
        ValueError: a precision is given twice.
    """
    if len(set(precisions)) < len(precisions):
        raise ValueError(f"precisions are {precisions!r}; expected each once")
    Bundle.check_writable(out, overwrite=overwrite)
    graphs = [bundle.graph(name) for name in precisions] if precisions else list(bundle.manifest.graphs)
    check_library(config)
    with system_errors_as(ExportError, f"cannot add engines in {out}"), scratch_folder() as folder:
        sources = {graph.precision: checked_graph(bundle, graph.precision, "cuda") for graph in graphs}
        signed = None
        if "int8" in sources:
            sources["int8"], signed = _signed(bundle, folder)
        built = {}
        for graph in graphs:
            engine = build_engine(sources[graph.precision], graph.precision, config, progress=progress)
            built[_describe(engine, graph, config)] = engine
        content = {info: engine.data for info, engine in built.items()}
        written = write_engines(bundle, out, content, extra=_extra(bundle, signed), overwrite=overwrite)
    return EngineReport(written, {info.file: engine for info, engine in built.items()}, signed)


def _signed(bundle: Bundle, folder: Path) -> tuple[Path, CheckReport]:
    """Return the INT8 graph with signed activations, for TensorRT, and its check in ONNX Runtime on the CPU."""
    graph = bundle.graph("int8")
    file = folder / "signed.onnx"
    onnx.save(to_symmetric(onnx.load(bundle.path / graph.file)), file)
    trial = Bundle.write(
        folder / "signed",
        manifest=replace(bundle.manifest, graphs=(graph,), engines=(), files={}),
        graphs={graph.file: file},
        reference=bundle.reference(),
    )
    report = check(trial, device="cpu", precision="int8", runtime="onnxruntime")
    if not report.ok:
        raise ExportError(
            "the int8 graph does not give PyTorch's numbers with the signed activations that TensorRT needs, so no "
            f"engine was built; leave int8 out of --precision, or export it again with other photos: {report}"
        )
    return file, report


def _extra(bundle: Bundle, signed: CheckReport | None) -> Mapping[str, Any]:
    extra = bundle.manifest.extra
    return extra if signed is None else {**extra, "signed_int8": figures(signed.parity)}


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
