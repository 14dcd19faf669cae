"""ONNX Runtime with inputs and outputs bound to the device's memory, recorded as CUDA graphs or not.

A plain run on CUDA allocates on the device for every batch and copies through memory that is not page-locked. And
launching a network's hundreds of kernels one by one takes longer than computing them for one photo: a CUDA graph
launches them with one call. Such a graph is for one batch size, so there is one for each size of a ladder
(`fashionsdk.backends._ladder`). A batch runs in the next larger graph, and its answer is cut.
"""

import itertools
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.backends._ladder import rung
from fashionsdk.backends.onnxruntime._device_batches import DeviceBatches

LARGEST = 256  # photos that run at once; more run one batch after the other
_STAGES = 2  # one batch is gathered on the host while another is computed

T = TypeVar("T")


class Memory(Protocol):
    """Page-locked arrays and copies; see `fashionsdk.backends.cuda.HostMemory`."""

    def array(self, shape: tuple[int, ...], kind: DTypeLike) -> NDArray[Any]:
        """Return an array of zeros."""

    def free(self, array: NDArray[Any]) -> None:
        """Free an array."""

    def upload(self, device: int, host: NDArray[Any]) -> None:
        """Copy to the device."""

    def download(self, host: NDArray[Any], device: int) -> None:
        """Copy from the device."""


class BoundSession:
    """A session and memory for its batches; `run` has the arguments of a plain session.

    ONNX Runtime keeps its CUDA graphs per thread, and while one is recorded no thread may allocate. So one thread makes
    every call of CUDA, and the callers' threads only gather their photos.

    Args:
        runtime: the module ``onnxruntime``.
        session: the session.
        device: ``"cuda"`` or ``"cpu"``, and which one of that kind.
        shapes: every output's shape without the batch.
        memory: page-locked memory for that device.
        graphs: whether the session records CUDA graphs.
    """

    def __init__(
        self,
        runtime: Any,
        session: Any,
        device: tuple[str, int],
        shapes: Mapping[str, tuple[int, ...]],
        memory: Memory,
        *,
        graphs: bool,
    ) -> None:
        self._shapes, self._graphs = shapes, graphs
        self._batches = DeviceBatches(runtime, session, device, shapes, memory, graphs=graphs)
        self._thread = ThreadPoolExecutor(1, "fashionsdk-cuda")
        self._stages: SimpleQueue[_Stage] = SimpleQueue()
        stages = [_Stage(memory, shapes) for _ in range(_STAGES)]
        for stage in stages:
            self._stages.put(stage)
        self._finalizer = weakref.finalize(self, _free, self._thread, self._batches, stages)
        self._finalizer.atexit = False  # the process's memory is freed anyway, and a forked child's is its parent's

    def run(self, names: Sequence[str], feed: Mapping[str, NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """Compute the outputs ``names`` of one batch; waits while all memory is in use."""
        images = feed["images"]
        answers = {name: np.empty((len(images), *self._shapes[name]), np.float32) for name in names}
        stage = self._stages.get()
        try:
            for part in slices(len(images), LARGEST):
                self._run(stage, images[part], {name: answer[part] for name, answer in answers.items()})
        finally:
            self._stages.put(stage)
        return list(answers.values())

    def close(self) -> None:
        """Free the session and the memory; no call may run."""
        self._finalizer()

    def _run(self, stage: "_Stage", images: NDArray[np.uint8], answers: Mapping[str, NDArray[np.float32]]) -> None:
        count = len(images)
        size = rung(count, LARGEST) if self._graphs else count
        shape = (size, *images.shape[1:])
        if not stage.holds(shape):
            self._call(stage.reserve, shape)
        stage.images[:count] = images
        self._call(self._batches.run, stage.images[:size], {name: stage.answers[name][:count] for name in answers})
        for name, answer in answers.items():
            answer[...] = stage.answers[name][:count]

    def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Call a function in the thread that calls CUDA; an interrupt waits for it, as it uses the caller's memory."""
        call = self._thread.submit(function, *arguments)
        try:
            return call.result()
        finally:
            wait([call])


class _Stage:
    """Page-locked memory for a batch and its answers; a larger batch replaces it.

    Rows behind a batch keep the photos of an earlier one, or zeros. No photo's embedding depends on them.
    """

    def __init__(self, memory: Memory, shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._memory, self._shapes = memory, shapes
        self.images: NDArray[np.uint8] = np.empty(0, np.uint8)
        self.answers: dict[str, NDArray[np.float32]] = {}

    def holds(self, shape: tuple[int, ...]) -> bool:
        return self.images.shape[1:] == shape[1:] and len(self.images) >= shape[0]

    def reserve(self, shape: tuple[int, ...]) -> None:
        self.free()
        images = self._memory.array(shape, np.uint8)
        self.images = images
        self.answers = {name: self._memory.array((shape[0], *rest), np.float32) for name, rest in self._shapes.items()}

    def free(self) -> None:
        arrays: list[NDArray[Any]] = [self.images, *self.answers.values()]
        self.images, self.answers = np.empty(0, np.uint8), {}
        for array in arrays:
            if array.size:
                self._memory.free(array)


def _free(thread: ThreadPoolExecutor, batches: DeviceBatches, stages: Sequence[_Stage]) -> None:
    """Free the session, then the memory that its graphs use, in the thread that made them."""
    for free in itertools.chain([batches.free], (stage.free for stage in stages)):
        thread.submit(free)
    thread.shutdown()
