"""Decodes photos in threads of their own, so that the model's thread never waits for one."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from fashionsdk.backends import available_cpus
from fashionsdk.embedding import MAX_WORKERS
from fashionsdk.photos import ImageSource, Preprocessing


class PhotoPool:
    """Reads photos for a model in threads. `fashionsdk.photos.open_photo` bounds what one photo may take.

    Attributes:
        threads: how many.
    """

    def __init__(self) -> None:
        self.threads = min(available_cpus(), MAX_WORKERS)
        self._threads = ThreadPoolExecutor(self.threads, thread_name_prefix="service-photos")

    async def read(self, preprocessing: Preprocessing, source: ImageSource) -> NDArray[np.uint8]:
        """Return the model's input, uint8 ``(H, W, 3)``, for one photo.

        Raises:
            ImageError: the photo cannot be read, or a box ends outside it.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, preprocessing.read, source)

    def close(self) -> None:
        """Wait for what is being read, and end the threads."""
        self._threads.shutdown(cancel_futures=True)
