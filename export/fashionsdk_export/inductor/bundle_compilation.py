"""Add AOTInductor engines to a bundle, if they give PyTorch's answers."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk._tools.files.scratch_folder import scratch_folder
from fashionsdk.backends import checked_graph, open_backend, source_precision
from fashionsdk.bundle import Bundle, EngineInfo, EnginePrecision
from fashionsdk.embedding import CheckReport, check
from fashionsdk_export.engines import write_engines
from fashionsdk_export.errors import ExportError
from fashionsdk_export.inductor.graph_compilation import CompiledGraph, compile_graph, target
from fashionsdk_export.inductor.inductor_config import EngineConfig
from fashionsdk_export.parity import figures

# How far an answer may depend on what else is in its batch: other kernels order sums otherwise.
BATCH_ATOL = {"fp32": 1e-5, "fp16": 1e-2, "bf16": 5e-2}


@dataclass(frozen=True)
class EngineCheck:
    """A new engine's answers to the reference images, the seconds to compile it, and the milliseconds to load it."""

    report: CheckReport
    compiling: float
    loading: float

    def __str__(self) -> str:
        return f"compiled in {self.compiling:.0f} s, loads in {self.loading:.0f} ms\n{self.report}"


@dataclass(frozen=True)
class CompilationReport:
    """The bundle, and the check of each engine that was added, by its file."""

    bundle: Bundle
    checks: Mapping[str, EngineCheck]

    def summary(self) -> str:
        """Return a few lines for each engine."""
        return "\n".join(self._describe(info) for info in self.bundle.manifest.engines if info.file in self.checks)

    def _describe(self, info: EngineInfo) -> str:
        size = (self.bundle.path / info.file).stat().st_size / 1e6
        return f"{info.file}, {size:.1f} MB: batches of 1 to {info.max_batch}\n{self.checks[info.file]}"


def check_library(config: EngineConfig) -> None:
    """Check that the device and a compiler are there, before any long work.

    Raises:
        ExportError: one is missing.
    """
    target(config)


def add_engines(
    bundle: Bundle,
    out: str | Path,
    config: EngineConfig,
    precisions: Sequence[str] = (),
    *,
    overwrite: bool = False,
    progress: bool = False,
) -> CompilationReport:
    """Write ``bundle`` and compiled engines of its graphs to the folder ``out``.

    An engine of the same PyTorch, architecture and precision is replaced. The others stay. Each is run on the
    reference images before it is written.

    Args:
        bundle: the bundle; the checkpoint is not needed.
        out: the folder to make; the bundle's own with ``overwrite``.
        config: the settings.
        precisions: what to compute in; empty for the precisions of the bundle's graphs that the device computes.
        overwrite: whether a bundle at ``out`` may be replaced.
        progress: whether to show progress bars.

    Raises:
        ExportError: a graph cannot be compiled, or the engine does not give PyTorch's answers.
        BackendError: a graph is damaged.
        BundleError: the bundle has no graph of a precision, a graph has what no export writes, or ``out`` exists and
            may not be replaced.
        ValueError: a precision is given twice, or the device does not compute it.
    """
    chosen = _precisions(bundle, config, precisions)
    Bundle.check_writable(out, overwrite=overwrite)
    with system_errors_as(ExportError, f"cannot add engines in {out}"), scratch_folder() as folder:
        built, checks = {}, {}
        for precision in chosen:
            begin = time.perf_counter()
            info, data = _compile(bundle, precision, config, folder, progress)
            seconds = time.perf_counter() - begin
            trial, report = _check(bundle, info, data, folder / f"trial.{precision}")
            checks[info.file] = EngineCheck(report, seconds, _check_batches(trial, info))
            built[replace(info, parity=figures(report.parity))] = data
        return CompilationReport(write_engines(bundle, out, built, overwrite=overwrite), checks)


def _precisions(bundle: Bundle, config: EngineConfig, precisions: Sequence[str]) -> list[EnginePrecision]:
    if len(set(precisions)) < len(precisions):
        raise ValueError(f"precisions are {precisions!r}; expected each once")
    chosen = precisions or [graph.precision for graph in bundle.manifest.graphs if graph.precision in config.precisions]
    if unable := sorted(set(chosen) - set(config.precisions)):
        raise ValueError(
            f"precision {', '.join(unable)} was asked for; {config.kind} on {config.device} computes "
            f"{', '.join(config.precisions)}"
        )
    return cast("list[EnginePrecision]", list(chosen or ["fp32"]))


def _compile(
    bundle: Bundle, precision: EnginePrecision, config: EngineConfig, folder: Path, progress: bool
) -> tuple[EngineInfo, bytes]:
    source = source_precision(precision)
    checked = checked_graph(bundle, source, config.device)
    graph = folder / f"{precision}.onnx"
    graph.write_bytes(checked.read_bytes())
    digest = bundle.manifest.files[bundle.graph(source).file].sha256
    shape = bundle.manifest.preprocessing.shape
    compiled = compile_graph(graph, digest, precision, shape, config, progress=progress)
    return _describe(compiled, precision, config), compiled.data


def _describe(compiled: CompiledGraph, precision: EnginePrecision, config: EngineConfig) -> EngineInfo:
    place = compiled.architecture if config.device == "cpu" else f"sm{compiled.architecture.replace('.', '')}"
    return EngineInfo(
        file=f"engines/model.{precision}.{config.kind}-{compiled.library_version}.{place}.pt2",
        kind=config.kind,
        precision=precision,
        library_version=compiled.library_version,
        compute_capability=compiled.architecture,
        min_batch=1,
        opt_batch=config.opt_batch,
        max_batch=config.max_batch,
        device=config.device,
    )


def _check(bundle: Bundle, info: EngineInfo, data: bytes, out: Path) -> tuple[Bundle, CheckReport]:
    """Run the engine on the reference images, from a bundle as a user opens it; return that bundle too."""
    alone = Bundle(bundle.path, replace(bundle.manifest, engines=()))
    trial = write_engines(alone, out, {info: data})
    report = check(trial, device=info.device, precision=info.precision, runtime=info.kind)
    if not report.ok:
        raise ExportError(f"the engine does not give PyTorch's numbers, so nothing was written: {report}")
    return trial, report


def _check_batches(trial: Bundle, info: EngineInfo) -> float:
    """Compare the answers in batches of other sizes: a compiler may take the traced size for the only one.

    Returns:
        the milliseconds that opening the engine took, PyTorch being imported.
    """
    images, begin = trial.reference().images, time.perf_counter()
    with open_backend(trial, info.device, info.precision, runtime=info.kind) as backend:
        milliseconds = (time.perf_counter() - begin) * 1e3
        whole, _ = backend.run(images)
        for size in (1, 3):
            part, _ = backend.run(images[:size])
            if (largest := float(np.abs(part - whole[:size]).max())) > BATCH_ATOL[info.precision]:
                raise ExportError(
                    f"the engine's answers change by {largest:.1e} where {size} of {len(images)} photos are embedded "
                    f"at once, expected at most {BATCH_ATOL[info.precision]:g}; nothing was written"
                )
    return milliseconds
