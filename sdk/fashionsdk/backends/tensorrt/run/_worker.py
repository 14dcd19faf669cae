"""One stream with its memory: runs one batch at a time."""

import contextlib

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends.tensorrt.device import Buffer, CudaGraphError, GraphDriver, Stream
from fashionsdk.backends.tensorrt.run._contexts import SizedContext
from fashionsdk.backends.tensorrt.run._engine import Engine
from fashionsdk.backends.tensorrt.run._lru import LruCache

_KEPT_SIZES = 32  # batch sizes with a graph; a stream of photos has two, a service that gathers requests a few dozen


class Worker:
    """A stream, pinned host memory and device memory for the largest batch, and a context for each size."""

    def __init__(self, engine: Engine, graphs: GraphDriver | None) -> None:
        self._smallest = engine.info.min_batch
        self._device = engine.device
        driver = engine.device.driver
        with self._device, contextlib.ExitStack() as held:
            self._stream = Stream(driver)
            held.callback(self._stream.close)
            scratch = driver.mem_alloc(max(engine.scratch_bytes, 1))
            held.callback(scratch.free)
            self._buffers = {}
            for name, shape in engine.shapes.items():
                kind = np.dtype(np.uint8 if name == "images" else np.float32)
                self._buffers[name] = Buffer(driver, (engine.info.max_batch, *shape), kind)
                held.callback(self._buffers[name].close)
            self._contexts: LruCache[int, SizedContext] = LruCache(
                _KEPT_SIZES, lambda size: SizedContext(engine, size, self._stream, scratch, self._buffers, graphs)
            )
            held.callback(self._contexts.close)
            held.callback(self._stream.synchronize)  # called first: all of it is in use until then
            self._held = held.pop_all()

    def run(
        self, images: NDArray[np.uint8], embeddings: NDArray[np.float32], attention: NDArray[np.float32] | None
    ) -> None:
        """Run one batch, of no more than the engine's largest, and write the answers to the arrays given.

        A batch below the engine's smallest is filled up with black images, which cost time and change nothing: no
        image's embedding depends on another's.

        Raises:
            BackendError: the library does not run it.
            CudaGraphError: the driver does not run it.
            pycuda.driver.Error: likewise.
        """
        count = len(images)
        size = max(count, self._smallest)
        inputs = self._buffers["images"]
        inputs.host[:count] = images
        inputs.host[count:size] = 0
        outputs = {"embeddings": embeddings}
        if attention is not None:
            outputs["attention"] = attention
        with self._device:
            context = self._contexts.get(size)
            inputs.upload(size, self._stream)
            context.launch()
            for name in outputs:
                self._buffers[name].download(count, self._stream)
            self._stream.finish()
            context.record()
        for name, out in outputs.items():
            out[...] = self._buffers[name].host[:count]

    def close(self) -> None:
        """Free everything; an error that the device had before is not raised again."""
        with contextlib.suppress(self._device.driver.Error, CudaGraphError), self._device:
            self._held.close()  # goes on after an error
