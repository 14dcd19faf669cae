"""A file of the kernels that TensorRT for RTX compiles on the GPU, so that the next process need not compile them.

It only saves time: if the file cannot be used, that is logged, and the kernels are compiled again.
"""

import logging
import os
import re
from pathlib import Path
from typing import Any

from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk._tools.files.regular_file import read_regular

logger = logging.getLogger(__name__)


class KernelFile:
    """A cache of kernels, filled from a file.

    Args:
        cache: the library's ``IRuntimeCache``. It rejects kernels of another version, GPU or driver.
        path: the file; ``None`` for none.
    """

    def __init__(self, cache: Any, path: Path | None) -> None:
        self._cache = cache
        self._path = path
        self._saved = b""
        if path is not None:
            self._load(path)

    def save(self) -> None:
        """Write the file if there are kernels that it lacks."""
        if self._path is None:
            return
        try:
            data = bytes(self._cache.serialize() or b"")
            if data and data != self._saved:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with replacing(self._path) as file:
                    file.write(data)
        except (OSError, ImportError) as error:  # ImportError on Windows, where no file is replaced safely
            logger.warning("compiled kernels cannot be saved, the next process compiles them again: %s", error)

    def _load(self, path: Path) -> None:
        try:
            data = read_regular(path)
        except FileNotFoundError:
            return
        except OSError as error:
            logger.warning("saved kernels cannot be read, they are compiled again: %s", error)
            return
        if self._cache.deserialize(data):
            self._saved = data
        else:
            logger.info("%s holds kernels of another version or driver, they are compiled again", path)


def kernel_path(sha256: str, gpu: str) -> Path | None:
    """Return the file for an engine's kernels in the user's cache folder, ``None`` for a user without a home.

    Args:
        sha256: SHA-256 of the engine's file.
        gpu: the name of the GPU, since GPUs of one compute capability need different kernels.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not folder.is_absolute():
        try:
            folder = Path.home() / ".cache"
        except RuntimeError:
            return None
    return folder / "fashionsdk" / "tensorrt-rtx" / f"{sha256}.{re.sub('[^A-Za-z0-9]+', '-', gpu)}.kernels"
