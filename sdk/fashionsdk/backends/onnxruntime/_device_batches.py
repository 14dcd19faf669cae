"""Batches in the device's memory: one for each size that a CUDA graph is recorded for."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fashionsdk.backends.onnxruntime._binding import Memory

_GRAPH = "gpu_graph_id"  # a run's option: which of the session's CUDA graphs to record, then to replay


class DeviceBatches:
    """Runs batches that lie in page-locked memory. For one thread.

    The graphs' intermediate results share the memory of the session: no two graphs run at once.

    Args:
        runtime: the module ``onnxruntime``.
        session: the session.
        device: the kind of device, and which one.
        shapes: every output's shape without the batch.
        memory: copies to and from the device.
        graphs: whether the session records a CUDA graph for each batch size; if not, only the last size is kept.
    """

    def __init__(
        self,
        runtime: Any,
        session: Any,
        device: tuple[str, int],
        shapes: Mapping[str, tuple[int, ...]],
        memory: "Memory",
        *,
        graphs: bool,
    ) -> None:
        self._runtime, self._session, self._device = runtime, session, device
        self._shapes, self._memory, self._graphs = shapes, memory, graphs
        self._batches: dict[tuple[int, ...], _DeviceBatch] = {}

    def run(self, images: NDArray[np.uint8], answers: Mapping[str, NDArray[np.float32]]) -> None:
        """Compute a batch, and write the first rows of its outputs into ``answers``."""
        batch = self._batch(images.shape)
        self._memory.upload(batch.images.data_ptr(), images)
        try:
            self._session.run_with_iobinding(batch.binding, batch.options)
        except BaseException:
            del self._batches[images.shape]  # what was recorded of it is of no use
            raise
        for name, answer in answers.items():
            self._memory.download(answer, batch.outputs[name].data_ptr())

    def free(self) -> None:
        """Free the batches and the session."""
        self._batches.clear()
        self._session = None

    def _batch(self, shape: tuple[int, ...]) -> "_DeviceBatch":
        if shape not in self._batches:
            if not self._graphs:
                self._batches.clear()  # free the last one first
            self._batches[shape] = self._new_batch(shape)
        return self._batches[shape]

    def _new_batch(self, shape: tuple[int, ...]) -> "_DeviceBatch":
        allocate = self._runtime.OrtValue.ortvalue_from_shape_and_type
        images = allocate(list(shape), np.uint8, *self._device)
        outputs = {name: allocate([shape[0], *rest], np.float32, *self._device) for name, rest in self._shapes.items()}
        options = self._runtime.RunOptions()
        if self._graphs:
            options.add_run_config_entry(_GRAPH, str(shape[0]))
        return _DeviceBatch(self._session, images, outputs, options)


class _DeviceBatch:
    """A batch and its outputs on the device, bound to the session."""

    def __init__(self, session: Any, images: Any, outputs: Mapping[str, Any], options: Any) -> None:
        self.images, self.outputs, self.options = images, outputs, options
        self.binding = session.io_binding()
        self.binding.bind_ortvalue_input("images", images)
        for name, output in outputs.items():
            self.binding.bind_ortvalue_output(name, output)
