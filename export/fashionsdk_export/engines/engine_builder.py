"""Build an engine from a graph."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fashionsdk._tools.files.atomic_file import check_replacing, replacing
from fashionsdk._tools.progress import progress_bar
from fashionsdk.backends.tensorrt.library import Library, sentence
from fashionsdk.bundle import EngineKind, Precision
from fashionsdk.errors import BackendError
from fashionsdk_export.engines.build_library import LAYERS, describe, load, make_monitor, set_target, target
from fashionsdk_export.engines.engine_config import EngineConfig
from fashionsdk_export.engines.engine_layers import EngineLayer, parse_layers
from fashionsdk_export.engines.graph_types import heavy_nodes
from fashionsdk_export.engines.interrupt import noting_interrupts
from fashionsdk_export.engines.layer_check import check_layers, check_precision
from fashionsdk_export.errors import ExportError

if TYPE_CHECKING:
    import tensorrt as trt

Shape: TypeAlias = tuple[int, ...]

_GIB = 1 << 30


@dataclass(frozen=True)
class BuiltEngine:
    """An engine, and the library and GPUs that can run it.

    Attributes:
        data: the content of the engine's file.
        kind: the library.
        library_version: the library's full version.
        compute_capability: the GPUs that it runs on, such as ``"8.9"``; several are separated by commas.
        layers: its layers.
    """

    data: bytes
    kind: EngineKind
    library_version: str
    compute_capability: str
    layers: tuple[EngineLayer, ...]


def build_engine(graph: Path, precision: Precision, config: EngineConfig, *, progress: bool = False) -> BuiltEngine:
    """Build an engine and check that it computes in the graph's precision.

    Args:
        graph: an ONNX graph from uint8 ``images`` ``(B, H, W, 3)``, for any batch B.
        precision: the graph's.
        config: the settings of the build.
        progress: whether to show a progress bar.

    Raises:
        ExportError: the graph has another precision or does not suit the library, the library or the GPU is missing, or
            the engine computes in another precision than the graph.
    """
    check_precision(heavy_nodes(graph), precision, graph)  # before the minutes that a build may take
    library = load(config.kind)
    with target(library, config) as capability, library.log.listening(LAYERS) as logged:
        data, batch = _build(library, graph, config, capability, progress)
        layers = parse_layers(describe(library, data, batch, logged))
    check_layers(layers, precision, graph)
    return BuiltEngine(data, config.kind, library.version, capability, layers)


def _build(library: Library, graph: Path, config: EngineConfig, capability: str, progress: bool) -> tuple[bytes, Shape]:
    """Return the engine and the shape of its best batch."""
    builder = _builder(library)
    # TensorRT 10 needs this flag. TensorRT 11 always computes in the graph's types.
    flag = library.module.NetworkDefinitionCreationFlag.STRONGLY_TYPED
    network = builder.create_network(1 << int(flag))
    _parse(library, network, graph)
    settings = builder.create_builder_config()
    batch = _add_profile(library, builder, settings, _image_shape(network, graph), config)
    _apply(library, settings, config)
    set_target(library, settings, capability)
    with _timing_cache(library, settings, config.timing_cache), noting_interrupts() as stopped:
        with progress_bar(None, f"{library.kind}: building the engine", 0, "step", shown=progress) as bar:
            monitor = make_monitor(library.module, bar, stopped)
            settings.progress_monitor = monitor
            built = builder.build_serialized_network(network, settings)
        if built is None and not stopped.is_set():
            raise ExportError(f"{library.name} cannot build {graph}: {library.log.last_errors()}")
    return bytes(built), batch


def _builder(library: Library) -> "trt.Builder":
    try:
        return library.start(library.module.Builder)
    except BackendError as error:
        raise ExportError(f"{error}; check the driver with nvidia-smi") from error


def _parse(library: Library, network: "trt.INetworkDefinition", graph: Path) -> None:
    parser = library.module.OnnxParser(network, library.logger)
    if not parser.parse_from_file(str(graph)):
        errors = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise ExportError(f"{library.name} cannot read {graph}: {sentence(errors) or library.log.last_errors()}")


def _add_profile(
    library: Library, builder: "trt.Builder", settings: "trt.IBuilderConfig", image: Shape, config: EngineConfig
) -> Shape:
    """Add the range of batches to the engine, and return the shape of the best batch."""
    counts = (config.min_batch, config.opt_batch, config.max_batch)
    profile = builder.create_optimization_profile()
    profile.set_shape("images", *(library.module.Dims([count, *image]) for count in counts))
    if settings.add_optimization_profile(profile) < 0:
        raise ExportError(f"{library.name} does not accept batches of {counts}: {library.log.last_errors()}")
    return (config.opt_batch, *image)


def _image_shape(network: "trt.INetworkDefinition", graph: Path) -> Shape:
    inputs = {tensor.name: tensor.shape[:] for tensor in map(network.get_input, range(network.num_inputs))}
    shape = tuple(int(size) for size in inputs.get("images", ()))
    if len(inputs) != 1 or len(shape) != 4 or shape[0] != -1 or min(shape[1:]) < 1:
        has = ", ".join(f"{name} {size}" for name, size in inputs.items())
        raise ExportError(f"{graph} has the inputs {has}; expected images (B, H, W, 3) with any batch B")
    return shape[1:]


def _apply(library: Library, settings: "trt.IBuilderConfig", config: EngineConfig) -> None:
    module = library.module
    settings.profiling_verbosity = module.ProfilingVerbosity.DETAILED
    settings.clear_flag(module.BuilderFlag.TF32)  # or float32 would silently have 10 bits of mantissa
    if config.workspace is not None:
        settings.set_memory_pool_limit(module.MemoryPoolType.WORKSPACE, round(config.workspace * _GIB))
    if config.optimisation_level is not None:
        settings.builder_optimization_level = config.optimisation_level


def read_timing_cache(file: Path) -> bytes:
    """Return the kernel timings in ``file``, or none if it does not exist yet.

    Raises:
        ExportError: the file cannot be read or replaced.
    """
    try:
        check_replacing(file)
        return file.read_bytes() if file.exists() else b""
    except OSError as error:
        raise ExportError(f"the timing cache {file} cannot be used: {error}") from error


@contextmanager
def _timing_cache(library: Library, settings: "trt.IBuilderConfig", file: Path | None) -> Iterator[None]:
    """Use the kernel timings in ``file`` during the block, and save them with the new ones."""
    if file is None:
        yield
        return
    known = read_timing_cache(file)
    cache = settings.create_timing_cache(known)
    if cache is None or not settings.set_timing_cache(cache, False):
        raise ExportError(
            f"{library.name} does not accept the timing cache {file}, which is of another version or GPU: "
            f"{library.log.last_errors()}; name another file"
        )
    yield
    try:
        with replacing(file) as out:
            out.write(bytes(cache.serialize()))
    except OSError as error:
        raise ExportError(f"the timing cache {file} cannot be saved: {error}") from error
