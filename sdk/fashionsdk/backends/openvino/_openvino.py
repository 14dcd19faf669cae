"""The OpenVINO backend. OpenVINO is imported on first use."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.after_fork import RenewedLock
from fashionsdk.backends._backend import BackendInfo, backend_name
from fashionsdk.backends._fork_threads import ForkThreads
from fashionsdk.backends._graph_file import checked_graph, source_precision
from fashionsdk.backends._host import available_cpus, int8_saturates
from fashionsdk.backends._per_process import PerProcess
from fashionsdk.backends._shared_resource import SharedResource
from fashionsdk.backends._signature import check_call, check_output_shape, check_signature, output_shapes
from fashionsdk.backends.openvino._library import core_of, import_runtime
from fashionsdk.bundle import Bundle, GraphInfo
from fashionsdk.errors import BackendError, BundleError

# The type of a precision's floating-point arithmetic. It is always set: by default, OpenVINO computes an fp32 graph in
# bfloat16 on a CPU that has it.
_HINTS = {"fp32": "f32", "int8": "f32", "fp16": "f16", "bf16": "bf16"}
_CAPABILITIES = {"fp16": "FP16", "bf16": "BF16"}
_threads = ForkThreads("OpenVINO")
_TYPES = {"u8": "uint8", "f32": "float32"}

# OpenVINO compiles kernels for each batch size, 25 ms and 6 MB for EfficientNet-Lite0: so few sizes, and none very
# large.
_LARGEST_PIECE = 32


class OpenVinoBackend(SharedResource):
    """One of the bundle's graphs, compiled for the CPU, and the one request that runs it.

    All threads of OpenVINO work on one batch, so callers wait for each other; a second request would not be faster.

    Args:
        runtime: the module ``openvino``.
        bundle: the bundle.
        compiled: the compiled graph.
        info: what runs and why.
        recompile: compiles the graph in a forked child, at the child's first run.
    """

    def __init__(
        self, runtime: Any, bundle: Bundle, compiled: Any, info: BackendInfo, recompile: Callable[[], Any]
    ) -> None:
        super().__init__(backend_name(info), "open the bundle again")
        self.info = info
        self._manifest = bundle.manifest
        self._shapes = output_shapes(bundle.manifest)
        self._request = PerProcess(_Request(runtime, compiled), lambda: _Request(runtime, recompile()))
        self._lock = RenewedLock()

    def run(
        self, images: NDArray[np.uint8], *, attention: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Map images ``(B, H, W, 3)`` to embeddings and attention; see `Backend`."""
        check_call(self._manifest, images, attention)
        names = ("embeddings", "attention") if attention else ("embeddings",)
        outputs = {name: np.empty((len(images), *self._shapes[name]), np.float32) for name in names}
        with self._in_use(), self._lock:
            request = self._request.get()
            for piece in pieces(len(images)):
                self._run(request, images[piece], {name: output[piece] for name, output in outputs.items()})
        return outputs["embeddings"], outputs.get("attention")

    def _run(self, request: "_Request", images: NDArray[np.uint8], outputs: dict[str, NDArray[np.float32]]) -> None:
        try:
            answers = request.infer(images, outputs)
        except Exception as error:  # the runtime's exceptions have no common base but this
            raise BackendError(
                f"{self.info} failed on a batch of {len(images)}: {_message(error)}; "
                "if memory is short, use a smaller batch_size"
            ) from error
        for name, output in outputs.items():
            check_output_shape(self._manifest, name, len(images), answers[name].shape)
            output[...] = answers[name]

    def _free(self) -> None:
        self._request.drop()


class _Request:
    """The request of a compiled graph; one thread at a time runs it."""

    def __init__(self, runtime: Any, compiled: Any) -> None:
        self._runtime = runtime
        self._request: Any = compiled.create_infer_request()
        self._no_images: Any = self._request.get_input_tensor()

    def infer(self, images: NDArray[np.uint8], names: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return these outputs of one batch; they are overwritten by the next."""
        # OpenVINO only reads the array, but accepts no read-only one.
        tensor = self._runtime.Tensor(np.require(images, requirements=("C", "W")), shared_memory=True)
        try:
            self._request.set_input_tensor(tensor)
            # Not infer(): it runs in the caller's thread, and some versions allocate memory for each new thread.
            self._request.start_async()
            self._request.wait()
        finally:
            self._request.set_input_tensor(self._no_images)  # or the request would keep the caller's array
        return {name: self._request.get_tensor(name).data for name in names}


def pieces(count: int, largest: int = _LARGEST_PIECE) -> Iterator[slice]:
    """Cut a batch into pieces of few sizes: powers of two up to ``largest``."""
    start = 0
    while start < count:
        size = min(1 << (count - start).bit_length() - 1, largest)
        yield slice(start, start + size)
        start += size


def open_cpu(bundle: Bundle, precision: str | None, threads: int | None, reason: str) -> OpenVinoBackend:
    """Compile the graph for the CPU; ``reason`` goes into the backend's ``info``.

    Raises:
        BackendError: OpenVINO is not installed, does not load the graph, or would compute it with other settings.
        BundleError: the bundle has no graph of this precision, or the graph is not what the manifest says.
    """
    graph = bundle.graph(source_precision(precision))
    precision = precision or graph.precision
    runtime = import_runtime()
    compiled = _compile(runtime, bundle, graph, precision, threads)
    info = BackendInfo(f"openvino {runtime.__version__.split('-')[0]}", "cpu", precision, reason)

    def recompile() -> Any:
        return _compile(runtime, bundle.reopened(), graph, precision, threads)

    return OpenVinoBackend(runtime, bundle, compiled, info, recompile)


def _compile(runtime: Any, bundle: Bundle, graph: GraphInfo, precision: str, threads: int | None) -> Any:
    _threads.usable(threads or available_cpus())  # it finds out by itself (measured), but says nothing
    core = core_of(runtime)
    _check_capability(core, precision)
    path = checked_graph(bundle, graph.precision, "cpu")
    try:
        model = core.read_model(str(path))
        check_signature(bundle, _signature(model))
        compiled = core.compile_model(model, "CPU", _config(precision, threads))
    except BundleError:
        raise
    except Exception as error:  # a damaged graph brings out RuntimeError, UnicodeDecodeError and others
        raise BackendError(f"{path} does not load on cpu: {_message(error)}") from error
    _check_compiled(runtime, compiled, precision, threads)
    return compiled


def _config(precision: str, threads: int | None) -> dict[str, Any]:
    return {
        "INFERENCE_PRECISION_HINT": _HINTS[precision],
        "INFERENCE_NUM_THREADS": threads or available_cpus(),
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,  # or several processes would bind their threads to the same CPUs
        # The default is one thread a core, which is faster. A requested number of threads may need more.
        **({} if threads is None else {"ENABLE_HYPER_THREADING": True}),
    }


def _check_capability(core: Any, precision: str) -> None:
    if precision == "int8" and int8_saturates():
        raise BackendError(
            "int8 was asked for, but this CPU has no VNNI instructions, and OpenVINO's sums saturate without them: "
            "choose runtime='onnxruntime', or precision='fp32'"
        )
    needed = _CAPABILITIES.get(precision)
    available = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if needed is not None and needed not in available:
        raise BackendError(
            f"{precision} was asked for, but OpenVINO computes {', '.join(available)} on this CPU, and not {needed}; "
            "choose precision='fp32' or 'int8'"
        )


def _check_compiled(runtime: Any, compiled: Any, precision: str, threads: int | None) -> None:
    """Read the settings back: OpenVINO ignores those that it cannot meet."""
    hint = compiled.get_property("INFERENCE_PRECISION_HINT")
    if hint != getattr(runtime.Type, _HINTS[precision]):
        raise BackendError(
            f"{precision} was asked for, but OpenVINO computes {hint.get_type_name()} on this CPU; "
            "choose precision='fp32' or 'int8', or runtime='onnxruntime'"
        )
    if threads not in (None, running := compiled.get_property("INFERENCE_NUM_THREADS")):
        raise BackendError(
            f"{threads} threads were asked for, but OpenVINO runs {running}, no more than there are CPUs; "
            f"choose threads={running}, or runtime='onnxruntime'"
        )


def _signature(model: Any) -> dict[str, tuple[str, list[int | None]]]:
    return {
        next(iter(port.get_names()), ""): (
            _TYPES.get(kind := port.element_type.get_type_name(), kind),
            [n.get_length() if n.is_static else None for n in port.partial_shape],
        )
        for port in [*model.inputs, *model.outputs]
    }


def _message(error: Exception) -> str:
    """Return the runtime's message in one line, without the places in its own source."""
    lines = [line.strip() for line in str(error).splitlines()]
    return " ".join(line for line in lines if line and not line.startswith("Exception from "))
