"""Compile a graph with AOTInductor, for this machine's CPU or its GPU."""

import itertools
import os
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch._inductor

from fashionsdk._tools.progress import progress_bar
from fashionsdk._tools.quiet_log import only_errors
from fashionsdk.backends.aotinductor import GRAPH_KEY, capability
from fashionsdk.backends.engines import cpu_architecture
from fashionsdk.bundle import EnginePrecision
from fashionsdk.errors import BackendError
from fashionsdk_export.errors import ExportError
from fashionsdk_export.inductor.graph_module import GraphModule
from fashionsdk_export.inductor.inductor_config import EngineConfig

_HALF = {"bf16": torch.bfloat16}


@dataclass(frozen=True)
class CompiledGraph:
    """A compiled package, and what can run it.

    Attributes:
        data: the content of the engine's file.
        library_version: PyTorch's version.
        architecture: the CPU's features or the GPU's compute capability.
    """

    data: bytes
    library_version: str
    architecture: str


def target(config: EngineConfig) -> str:
    """Return the architecture to compile for.

    Raises:
        ExportError: there is no such device, no C++ compiler, or this CPU is not one that engines are compiled for.
    """
    with _quiet():
        _check_compiler()
    if config.device == "cuda":
        try:
            return capability(torch, 0)
        except BackendError as error:
            raise ExportError(str(error)) from error
    architecture = cpu_architecture(_vector_features())
    if architecture is None:
        raise ExportError(
            "engines for the CPU are compiled for x86-64 with AVX2 or AVX-512, and this CPU is not known to have "
            "them; run the graphs instead, with runtime='onnxruntime'"
        )
    return architecture


def compile_graph(
    graph: Path,
    digest: str,
    precision: EnginePrecision,
    images: tuple[int, int, int],
    config: EngineConfig,
    *,
    progress: bool = False,
) -> CompiledGraph:
    """Compile a graph for any batch up to the largest.

    Args:
        graph: an ONNX graph that `fashionsdk.backends.checked_graph` passed.
        digest: its SHA-256, which the package's metadata keeps.
        precision: the graph's, or ``"bf16"`` for the fp32 graph under PyTorch's autocast.
        images: an image's shape, ``(H, W, 3)``.
        config: the settings.
        progress: whether to show a progress bar.

    Raises:
        ExportError: the graph has what no rule computes, a device or compiler is missing, or the compiler fails.
    """
    architecture = target(config)
    module = GraphModule(graph, _HALF.get(precision)).channels_last()
    bar = progress_bar(None, f"{config.kind}: compiling {precision}", 2, "step", shown=progress)
    package = graph.parent / f"{precision}.pt2"
    with bar, _quiet(), torch.no_grad():
        try:
            program = _traced(module.to(config.device), images, config)
            bar.update(1)
            settings = {**_settings(config, architecture), "aot_inductor.metadata": {GRAPH_KEY: digest}}
            torch._inductor.aoti_compile_and_package(program, package_path=str(package), inductor_configs=settings)
            bar.update(1)
        except ExportError:
            raise
        except Exception as error:  # the compiler raises whatever its passes raise
            raise ExportError(f"PyTorch cannot compile {graph}: {error}") from error
    data = package.read_bytes()
    package.unlink()
    return CompiledGraph(data, str(torch.__version__), architecture)


def traced_batch(wanted: int, lengths: Collection[int]) -> int:
    """Return the batch to trace with: the first prime from ``wanted`` on that divides no length in the graph.

    Where the traced batch is as long as something else, such as the attributes, the compiler takes the two for the same
    (measured with torch 2.14: 8 photos, 8 attributes). Then the engine gives 8 answers, whatever the batch.
    """
    for batch in itertools.count(max(wanted, 2)):
        prime = all(batch % number for number in range(2, batch))
        if prime and all(length % batch for length in lengths if length):
            return batch
    raise AssertionError("primes do not end")


def _traced(module: GraphModule, images: tuple[int, int, int], config: EngineConfig) -> torch.export.ExportedProgram:
    batch = traced_batch(config.opt_batch, module.lengths)
    example = torch.zeros(batch, *images, dtype=torch.uint8, device=config.device)
    lengths = {0: torch.export.Dim("batch", min=1, max=max(config.max_batch, batch))}
    return torch.export.export(module, (example,), dynamic_shapes=(lengths,))


def _settings(config: EngineConfig, architecture: str) -> dict[str, Any]:
    settings: dict[str, Any] = {"freezing": True, "max_autotune": config.max_autotune}
    if config.device == "cuda":
        return settings
    return {
        **settings,
        "cpp.march": architecture.split("+")[0],  # not native: code that only this machine's CPU runs
        "cpp.dynamic_threads": True,  # as many as the process that loads it says, not as many as here
    }


def _vector_features() -> list[str]:
    """Return the features beyond a level that PyTorch's own flags turn on, such as ``"avx512bf16"``."""
    from torch._inductor.cpu_vec_isa import pick_vec_isa

    flags = pick_vec_isa().build_arch_flags().split()
    return [flag.removeprefix("-m") for flag in flags if flag.startswith("-m") and "=" not in flag]


def _check_compiler() -> None:
    from torch._inductor.cpp_builder import get_cpp_compiler

    if not hasattr(torch._inductor.config.cpp, "march"):
        raise ExportError(f"torch {torch.__version__} cannot compile for a level of CPUs; install a newer one")
    try:
        get_cpp_compiler()
    except Exception as error:  # PyTorch's own type has moved between versions
        raise ExportError(
            f"no C++ compiler works (CXX={os.environ.get('CXX', '')!r}): {error}; install g++, such as with "
            "apt-get install g++, or name one in CXX"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what PyTorch's compiler logs and warns of its own workings from the terminal during the block."""
    with only_errors("torch"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
