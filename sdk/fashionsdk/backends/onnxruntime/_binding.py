"""ONNX Runtime with I/O binding: inputs are copied to the device before a run, outputs go into the caller's arrays.

A plain run on CUDA allocates the input on the device for every batch, and copies the outputs twice.
"""

from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

_INPUTS = 2  # one batch is copied while another is computed


class BoundSession:
    """A session, and inputs on its device that threads borrow; `run` has the arguments of a plain session.

    Args:
        runtime: the module ``onnxruntime``.
        session: the session.
        device: ``"cuda"`` or ``"cpu"``.
        number: which one of that kind.
        shapes: every output's shape without the batch.
    """

    def __init__(
        self, runtime: Any, session: Any, device: str, number: int, shapes: Mapping[str, tuple[int, ...]]
    ) -> None:
        self._session: Any = session
        self._shapes = shapes
        self._inputs: SimpleQueue[_Input] = SimpleQueue()
        for _ in range(_INPUTS):
            self._inputs.put(_Input(runtime, device, number))

    def run(self, names: Sequence[str], feed: Mapping[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Compute the outputs ``names`` of one batch; waits while all inputs are in use."""
        borrowed = self._inputs.get()
        try:
            return self._run(names, borrowed.filled(feed["images"]), len(feed["images"]))
        finally:
            self._inputs.put(borrowed)

    def close(self) -> None:
        """Free the session and the inputs; no call may run."""
        self._session = None
        self._inputs = SimpleQueue()

    def _run(self, names: Sequence[str], images: Any, count: int) -> list[NDArray[np.float32]]:
        outputs = [np.empty((count, *self._shapes[name]), np.float32) for name in names]
        binding = self._session.io_binding()
        binding.bind_ortvalue_input("images", images)
        for name, output in zip(names, outputs, strict=True):
            binding.bind_output(name, "cpu", 0, np.float32, output.shape, output.ctypes.data)
        self._session.run_with_iobinding(binding)
        binding.synchronize_outputs()
        return outputs


class _Input:
    """Memory on the device for a batch of one size; another size replaces it."""

    def __init__(self, runtime: Any, device: str, number: int) -> None:
        self._runtime = runtime
        self._device = (device, number)
        self._value: Any = None

    def filled(self, images: NDArray[np.uint8]) -> Any:
        """Return an ``OrtValue`` on the device with a copy of these images."""
        if self._value is None or tuple(self._value.shape()) != images.shape:
            self._value = None  # free the old one first
            allocate = self._runtime.OrtValue.ortvalue_from_shape_and_type
            self._value = allocate(list(images.shape), np.uint8, *self._device)
        self._value.update_inplace(np.ascontiguousarray(images))
        return self._value
