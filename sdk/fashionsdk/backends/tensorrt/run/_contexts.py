"""An execution context for one batch size, and the CUDA graph recorded from it."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fashionsdk.backends.cuda import CudaDriverError
from fashionsdk.backends.tensorrt.device import Buffer, CudaGraph, GraphDriver, Stream
from fashionsdk.backends.tensorrt.run._engine import Engine
from fashionsdk.backends.tensorrt.run._engine_signature import numbers
from fashionsdk.errors import BackendError

if TYPE_CHECKING:
    import tensorrt as trt


class SizedContext:
    """Runs batches of one size on one stream. The device must be current for every call.

    NVIDIA advises one context for each graph, since a change of the context breaks the graph recorded from it, and
    memory that the contexts of a stream share.

    Args:
        engine: the engine to run.
        size: the batch size.
        stream: the stream to run on.
        scratch: the engine's scratch memory, on the device.
        buffers: the memory of each tensor.
        graphs: records the graph; ``None`` for a library that records graphs itself.

    Raises:
        BackendError: the library rejects this size, or has no memory left.
    """

    def __init__(
        self,
        engine: Engine,
        size: int,
        stream: Stream,
        scratch: Any,
        buffers: Mapping[str, Buffer],
        graphs: GraphDriver | None,
    ) -> None:
        self._log, self._size = engine.library.log, size
        self._stream = stream
        self._graphs = graphs
        self._graph: CudaGraph | None = None
        self._context: trt.IExecutionContext | None = engine.new_context()
        try:
            self._context.set_device_memory(int(scratch), engine.scratch_bytes)
            if not self._set_shapes(engine.shapes, buffers):
                raise BackendError(f"a batch of {size} is not accepted: {self._log.last_errors()}")
        except BaseException:
            self.close()
            raise

    def launch(self) -> None:
        """Put one run on the stream.

        Raises:
            BackendError: the library returns an error.
            CudaDriverError: the driver returns an error.
        """
        if self._graph is not None:
            self._graph.launch(self._stream.handle)
        else:
            self._enqueue()

    def record(self) -> None:
        """Record the graph, once. Call it after a run: the first run allocates, which a recording must not.

        An engine with loops, or with shapes that depend on data, cannot be recorded. It runs on without a graph, after
        a warning.
        """
        graphs, self._graphs = self._graphs, None
        if graphs is None:
            return
        try:
            self._graph = graphs.record(self._stream.handle, self._enqueue)
        except (CudaDriverError, BackendError) as error:
            # The library's error during the run, then the error of the recording.
            reason = "; ".join(str(one) for one in (error.__context__, error) if one is not None)
            warnings.warn(f"batches of {self._size} run without a CUDA graph: {reason}", RuntimeWarning, stacklevel=2)

    def close(self) -> None:
        """Free the graph, then the context whose memory it uses."""
        try:
            if self._graph is not None:
                self._graph.close()
        finally:
            self._context = None

    def _set_shapes(self, shapes: Mapping[str, tuple[int, ...]], buffers: Mapping[str, Buffer]) -> bool:
        assert self._context is not None
        accepted: bool = self._context.set_optimization_profile_async(0, self._stream.handle)
        self._stream.synchronize()
        accepted = accepted and self._context.set_input_shape("images", (self._size, *shapes["images"]))
        for name, buffer in buffers.items():
            accepted = accepted and self._context.set_tensor_address(name, int(buffer.device))
            accepted = accepted and numbers(self._context.get_tensor_shape(name)) == [self._size, *shapes[name]]
        return accepted

    def _enqueue(self) -> None:
        assert self._context is not None
        if not self._context.execute_async_v3(self._stream.handle):
            raise BackendError(self._log.last_errors())
