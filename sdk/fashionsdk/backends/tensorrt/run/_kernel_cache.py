"""The kernels that TensorRT for RTX compiles on the GPU that runs them, kept from one process to the next.

Nothing here is needed to run: what does not work is logged, and the kernels are compiled again.
"""

import logging
import os
import re
from pathlib import Path
from typing import Any

from fashionsdk._tools.atomic_file import replacing

logger = logging.getLogger(__name__)


class KernelFile:
    """A cache of kernels, filled from a file.

    Args:
        cache: the library's ``IRuntimeCache``. It refuses what another version, GPU or driver compiled.
        path: the file; ``None`` to keep nothing.
    """

    def __init__(self, cache: Any, path: Path | None) -> None:
        self._cache = cache
        self._path = path
        self._known = b""
        if path is not None:
            self._load(path)

    def save(self) -> None:
        """Write the file if there is more to keep than it holds."""
        if self._path is None:
            return
        try:
            data = bytes(self._cache.serialize() or b"")
            if data and data != self._known:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with replacing(self._path) as file:
                    file.write(data)
        except (OSError, ImportError) as error:  # the latter on Windows, where no file is replaced safely
            logger.warning("compiled kernels cannot be kept, the next process compiles them again: %s", error)

    def _load(self, path: Path) -> None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("kept kernels cannot be read, they are compiled again: %s", error)
            return
        if self._cache.deserialize(data):
            self._known = data
        else:
            logger.info("%s holds kernels of another version or driver, they are compiled again", path)


def kernel_path(sha256: str, gpu: str) -> Path | None:
    """Return the file for an engine's kernels in the user's cache folder, ``None`` for a user without a home.

    Args:
        sha256: the engine's.
        gpu: the name of the GPU; GPUs of one compute capability have kernels of their own.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not folder.is_absolute():
        try:
            folder = Path.home() / ".cache"
        except RuntimeError:
            return None
    return folder / "fashionsdk" / "tensorrt-rtx" / f"{sha256}.{re.sub('[^A-Za-z0-9]+', '-', gpu)}.kernels"
