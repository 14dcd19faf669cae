"""What runs a loaded engine: a batch of photos in, its outputs out, on the CPU or on a CUDA device."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends._ladder import rung
from fashionsdk.backends.aotinductor._library import threads


class Runner(Protocol):
    """Runs batches, one at a time."""

    def run(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the engine's outputs for images ``(B, H, W, 3)``, the caller's own."""


class CpuRunner:
    """An engine on the CPU.

    Args:
        torch: the module ``torch``.
        engine: the loaded package.
        count: with how many threads it computes.
    """

    def __init__(self, torch: Any, engine: Any, count: int) -> None:
        self._torch, self._engine, self._threads = torch, engine, count

    def run(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the outputs; see `Runner`."""
        # PyTorch only reads the array, but warns of a read-only one.
        pixels = self._torch.from_numpy(np.require(images, requirements=("C", "W")))
        with self._torch.inference_mode(), threads(self._torch, self._threads):
            return [output.numpy() for output in self._engine(pixels)]


class CudaRunner:
    """An engine on a CUDA device, recorded as a CUDA graph for each batch size of a ladder.

    A batch is computed with the next larger size, in the rows after it whatever was there before, and the answer is
    cut. The graphs take turns, so they share one pool of memory. Photos and answers pass through page-locked memory.

    Args:
        torch: the module ``torch``.
        engine: the loaded package.
        number: which CUDA device.
        largest: the engine's largest batch.
        shape: of a photo, ``(H, W, 3)``.
    """

    def __init__(self, torch: Any, engine: Any, number: int, largest: int, shape: Sequence[int]) -> None:
        self._torch, self._engine, self._largest = torch, engine, largest
        self._device = torch.device("cuda", number)
        with torch.cuda.device(self._device):
            self._stream = torch.cuda.Stream()
            self._pool = torch.cuda.graph_pool_handle()
            self._host = torch.zeros((largest, *shape), dtype=torch.uint8).pin_memory()
            self._images = self._host.to(self._device)
        self._graphs: dict[int, tuple[Any, list[Any], list[Any]]] = {}

    def run(self, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the outputs; see `Runner`."""
        torch, count = self._torch, len(images)
        with torch.inference_mode(), torch.cuda.device(self._device):
            graph, outputs, answers = self._recorded(rung(count, self._largest))
            self._host.numpy()[:count] = images
            with torch.cuda.stream(self._stream):
                self._images[:count].copy_(self._host[:count], non_blocking=True)
                graph.replay()
                for output, answer in zip(outputs, answers, strict=True):
                    answer[:count].copy_(output[:count], non_blocking=True)
                self._stream.synchronize()
            return [answer.numpy()[:count].copy() for answer in answers]

    def _recorded(self, size: int) -> tuple[Any, list[Any], list[Any]]:
        """Return the graph of a batch size, its outputs on the device, and page-locked memory for them."""
        if size not in self._graphs:
            torch, images = self._torch, self._images[:size]
            with torch.cuda.stream(self._stream):
                self._engine(images)  # what a first call loads or allocates cannot be recorded
                self._stream.synchronize()
            graph = torch.cuda.CUDAGraph()
            # Other threads may allocate while this one records.
            with torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"):
                outputs = list(self._engine(images))
            answers = [torch.empty(output.shape, dtype=output.dtype).pin_memory() for output in outputs]
            self._graphs[size] = graph, outputs, answers
        return self._graphs[size]
