"""The TensorRT backend: batches in, embeddings out."""

import weakref
from functools import partial

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.backends._backend import BackendInfo, backend_name
from fashionsdk.backends._per_process import PerProcess, cuda_after_fork
from fashionsdk.backends._shared_resource import SharedResource
from fashionsdk.backends._signature import check_call
from fashionsdk.backends.cuda import CudaDriverError
from fashionsdk.backends.tensorrt.device import GraphDriver
from fashionsdk.backends.tensorrt.run import Engine, Worker, WorkerPool
from fashionsdk.bundle import Manifest
from fashionsdk.errors import BackendError


class TensorRtBackend(SharedResource):
    """An engine and the workers that run it.

    Several threads may call `run` at once. Each call borrows a worker, and waits while all are borrowed.

    Args:
        manifest: the bundle's.
        engine: the engine; the backend closes it when it is itself closed or garbage-collected.
        info: what runs and why.
        workers: the most batches at once; each worker holds memory for a batch of the largest size.

    Raises:
        BackendError: the memory is too small for one worker.
    """

    def __init__(self, manifest: Manifest, engine: Engine, info: BackendInfo, workers: int) -> None:
        super().__init__(backend_name(info), "open the bundle again")
        self.info = info
        self._manifest = manifest
        self._engine = engine
        self._errors = (engine.device.driver.Error, CudaDriverError, BackendError)
        try:
            graphs = None if engine.library.is_rtx else GraphDriver()
        except CudaDriverError as error:
            engine.close()
            raise BackendError(str(error)) from error
        pool = WorkerPool(lambda: Worker(engine, graphs), workers, engine.close)
        self._pool = PerProcess(pool, partial(cuda_after_fork, info))
        self._finalizer = weakref.finalize(self, pool.close)  # also runs at the interpreter's exit
        try:
            with pool.worker():  # allocate now, not at the first photo
                pass
        except self._errors as error:
            self.close()
            raise BackendError(
                f"{info} does not start: {error}; if memory is short, build the engine for a smaller largest batch"
            ) from error

    def run(
        self, images: NDArray[np.uint8], *, attention: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Map images ``(B, H, W, 3)`` to embeddings and attention; see `Backend`.

        More images than the engine's largest batch run as several batches, one after the other.
        """
        check_call(self._manifest, images, attention)
        embeddings = self._output("embeddings", len(images))
        maps = self._output("attention", len(images)) if attention else None
        with self._in_use():
            self._run(self._pool.get(), images, embeddings, maps)
        return embeddings, maps

    def _run(
        self,
        pool: WorkerPool[Worker],
        images: NDArray[np.uint8],
        embeddings: NDArray[np.float32],
        maps: NDArray[np.float32] | None,
    ) -> None:
        try:
            with pool.worker() as worker:
                for part in slices(len(images), self._engine.info.max_batch):
                    worker.run(images[part], embeddings[part], None if maps is None else maps[part])
        except self._errors as error:
            raise BackendError(
                f"{self.info} failed on a batch of {len(images)}: {error}; if memory is short, "
                "build the engine for a smaller largest batch"
            ) from error

    def after_fork(self) -> None:
        """Leave the engine to the parent's process, at the child's exit too."""
        super().after_fork()
        self._finalizer.detach()

    def _free(self) -> None:
        self._finalizer()
        self._pool.drop()

    def _output(self, name: str, count: int) -> NDArray[np.float32]:
        return np.empty((count, *self._engine.shapes[name]), np.float32)
