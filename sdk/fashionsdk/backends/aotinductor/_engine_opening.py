"""Open an engine of a bundle, or say why none runs here."""

from functools import partial
from typing import Any, cast

from fashionsdk.backends._backend import BackendInfo
from fashionsdk.backends._fork_threads import ForkThreads
from fashionsdk.backends._graph_file import source_precision
from fashionsdk.backends._host import available_cpus
from fashionsdk.backends._per_process import cuda_after_fork
from fashionsdk.backends.aotinductor._aotinductor import AotInductorBackend
from fashionsdk.backends.aotinductor._library import GRAPH_KEY, import_runtime, load_package
from fashionsdk.backends.aotinductor._runners import CpuRunner, CudaRunner
from fashionsdk.backends.engines import build_command, choose_engine, engines_of, read_engine
from fashionsdk.bundle import Bundle, EngineInfo, EngineKind
from fashionsdk.errors import BackendError

_KIND: EngineKind = "aotinductor"

_threads = ForkThreads("PyTorch")


def open_cpu(bundle: Bundle, precision: str | None, threads: int | None, reason: str) -> AotInductorBackend:
    """Load an engine for the CPU; ``reason`` goes into the backend's ``info``.

    Raises:
        BackendError: PyTorch is not installed, no engine fits it and this CPU, or the engine does not load.
        BundleError: the engine is not what the manifest says.
    """
    engines_of(bundle, _KIND, precision, "cpu")  # before PyTorch is imported, which takes seconds
    torch = import_runtime()
    engine = choose_engine(bundle, _KIND, precision, torch.__version__, None)
    count = threads or available_cpus()
    runner = CpuRunner(torch, _load(torch, bundle, engine), _threads.usable(count))
    info = BackendInfo(f"{_KIND} {torch.__version__}", "cpu", engine.precision, reason)

    def reopen() -> CpuRunner:
        return CpuRunner(torch, _load(torch, bundle.reopened(), engine), _threads.usable(count))

    return AotInductorBackend(bundle.manifest, engine, runner, info, reopen)


def open_cuda(bundle: Bundle, number: int, precision: str | None, reason: str) -> AotInductorBackend:
    """Load an engine for this CUDA device; ``reason`` goes into the backend's ``info``.

    Raises:
        BackendError: PyTorch, its CUDA or the device is missing, no engine fits them, or the engine does not load.
        BundleError: the engine is not what the manifest says.
    """
    engines_of(bundle, _KIND, precision, "cuda")
    torch = import_runtime()
    engine = choose_engine(bundle, _KIND, precision, torch.__version__, capability(torch, number))
    loaded = _load(torch, bundle, engine, number)
    info = BackendInfo(f"{_KIND} {torch.__version__}", f"cuda:{number}", engine.precision, reason)
    try:
        runner = CudaRunner(torch, loaded, number, engine.max_batch, bundle.manifest.preprocessing.shape)
    except Exception as error:  # lack of memory, a driver that fails
        raise BackendError(
            f"{info} does not start: {error}; if memory is short, build the engine for a smaller largest batch"
        ) from error
    return AotInductorBackend(bundle.manifest, engine, runner, info, partial(cuda_after_fork, info))


def capability(torch: Any, number: int) -> str:
    """Return a CUDA device's compute capability, such as ``"9.0"``.

    Raises:
        BackendError: PyTorch is not built for CUDA, finds no driver, or there is no such device.
    """
    if torch.version.cuda is None:
        raise BackendError(
            f"CUDA was asked for, but torch {torch.__version__} is built for the CPU; install a build for CUDA, see "
            "pytorch.org, or choose device='cpu'"
        )
    if number >= (count := torch.cuda.device_count()):
        raise BackendError(
            f"cuda:{number} was asked for, but PyTorch finds {count} CUDA devices; check the driver with nvidia-smi"
        )
    major, minor = torch.cuda.get_device_capability(number)
    return f"{major}.{minor}"


def _load(torch: Any, bundle: Bundle, engine: EngineInfo, number: int = -1) -> Any:
    data = read_engine(bundle, engine)
    again = build_command(bundle, _KIND, engine.precision, device=engine.device)
    try:
        loaded = load_package(torch, data, number)
        source = cast("dict[str, str]", loaded.get_metadata()).get(GRAPH_KEY)
    except Exception as error:  # the loader's exceptions have no common base but this
        raise BackendError(
            f"{bundle.path / engine.file} does not load: {' '.join(str(error).split())}; build it again: {again}"
        ) from error
    graph = bundle.graph(source_precision(engine.precision))
    if source != bundle.manifest.files[graph.file].sha256:
        raise BackendError(
            f"{bundle.path / engine.file} was compiled from another graph than {graph.file}; build it again: {again}"
        )
    return loaded
