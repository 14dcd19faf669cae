"""One stream and its memory, for one batch at a time."""

import contextlib

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends.cuda import CudaDriverError
from fashionsdk.backends.tensorrt.device import Buffer, GraphDriver, Stream
from fashionsdk.backends.tensorrt.run._contexts import SizedContext
from fashionsdk.backends.tensorrt.run._engine import Engine
from fashionsdk.backends.tensorrt.run._lru import LruCache

_SIZES = 32  # batch sizes with a graph: a stream of photos has two, a service that gathers requests a few dozen


class Worker:
    """A stream, pinned host memory and device memory for the largest batch, and a context for each size."""

    def __init__(self, engine: Engine, graphs: GraphDriver | None) -> None:
        self._smallest = engine.info.min_batch
        self._device = engine.device
        driver = engine.device.driver
        with self._device, contextlib.ExitStack() as resources:
            self._stream = Stream(driver)
            resources.callback(self._stream.close)
            scratch = driver.mem_alloc(max(engine.scratch_bytes, 1))
            resources.callback(scratch.free)
            self._buffers = {}
            for name, shape in engine.shapes.items():
                kind = np.dtype(np.uint8 if name == "images" else np.float32)
                self._buffers[name] = Buffer(driver, (engine.info.max_batch, *shape), kind)
                resources.callback(self._buffers[name].close)
            self._contexts: LruCache[int, SizedContext] = LruCache(
                _SIZES, lambda size: SizedContext(engine, size, self._stream, scratch, self._buffers, graphs)
            )
            resources.callback(self._contexts.close)
            resources.callback(self._stream.synchronize)  # called first: until then all is in use
            self._resources = resources.pop_all()

    def run(
        self, images: NDArray[np.uint8], embeddings: NDArray[np.float32], attention: NDArray[np.float32] | None
    ) -> None:
        """Run one batch, at most as large as the engine's largest, and write the results into the given arrays.

        A batch below the engine's smallest is filled up with black images. They cost time but change no result: an
        image's embedding does not depend on the other images.

        Raises:
            BackendError: the library returns an error.
            CudaDriverError: the driver returns an error.
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
        """Free everything; an earlier error of the device is not raised again."""
        with contextlib.suppress(self._device.driver.Error, CudaDriverError), self._device:
            self._resources.close()  # frees the rest after an error too
