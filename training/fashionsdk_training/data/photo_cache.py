"""Decoded, resized photos on disk, so that only the first epoch decodes."""

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.atomic_file import locked, replacing
from fashionsdk._tools.progress import progress_bar
from fashionsdk.errors import ImageError
from fashionsdk.photos import Preprocessing

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PhotoCache:
    """Decoded photos of one size.

    Attributes:
        pixels: uint8 ``(N, S, S, 3)``, read from disk as needed; rows of unreadable photos are black.
        unreadable: why a photo could not be read, by its index.
    """

    pixels: NDArray[np.uint8]
    unreadable: dict[int, str]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(N,)``, true where there is a photo."""
        mask = np.ones(len(self.pixels), np.bool_)
        mask[list(self.unreadable)] = False
        return mask


def cache_photos(
    paths: Sequence[Path], preprocessing: Preprocessing, folder: Path, *, progress: bool = False
) -> PhotoCache:
    """Return the photos decoded and resized, from ``folder`` if they are there already, else decoded now.

    A file that changed (by size or time of modification) is decoded again, with all the others. If several processes
    need the same photos, one decodes them and the others wait. A missing, truncated or otherwise unreadable photo is
    left black in ``pixels``, listed in ``unreadable`` and counted in the log.

    Args:
        paths: the N photos.
        preprocessing: its side is S.
        folder: where decoded photos are stored.
        progress: whether to show a progress bar while photos are decoded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = _digest(paths, preprocessing)
    pixels_file, done_file = folder / f"{name}.npy", folder / f"{name}.json"
    if not done_file.is_file():
        with locked(folder / f".{name}.decoding"):
            if not done_file.is_file():  # or another process has decoded them while this one waited
                unreadable = _decode(paths, preprocessing, pixels_file, progress)
                with replacing(done_file) as file:
                    file.write(json.dumps(unreadable).encode())
    unreadable = {int(index): reason for index, reason in json.loads(done_file.read_text()).items()}
    _warn(paths, unreadable)
    return PhotoCache(np.load(pixels_file, mmap_mode="r"), unreadable)


def _warn(paths: Sequence[Path], unreadable: dict[int, str]) -> None:
    if unreadable:
        first = "; ".join(list(unreadable.values())[:3])
        logger.warning("%d of %d photos cannot be read and are left out: %s", len(unreadable), len(paths), first)


def _digest(paths: Sequence[Path], preprocessing: Preprocessing) -> str:
    def stamp(path: Path) -> tuple[str, int, int]:
        try:
            status = path.stat()
        except OSError:
            return str(path), -1, -1
        return str(path.resolve()), status.st_size, status.st_mtime_ns

    key = json.dumps([preprocessing.to_json(), [stamp(path) for path in paths]])
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _decode(paths: Sequence[Path], preprocessing: Preprocessing, file: Path, progress: bool) -> dict[int, str]:
    shape = (len(paths), preprocessing.side, preprocessing.side, 3)
    partial = file.with_suffix(".partial")  # what a killed process left of it is overwritten
    pixels = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)

    def decode(index: int) -> str | None:
        try:
            pixels[index] = preprocessing.read(paths[index])
        except ImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor() as pool:
        decoded, total = pool.map(decode, range(len(paths))), len(paths)
        reasons = list(progress_bar(decoded, "decoding photos", total, "photo", shown=progress))
    pixels.flush()
    os.replace(partial, file)
    return {index: reason for index, reason in enumerate(reasons) if reason is not None}
