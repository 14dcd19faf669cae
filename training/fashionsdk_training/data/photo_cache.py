"""Decoded, resized photos on disk, so that only the first epoch decodes."""

import hashlib
import json
import logging
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools import strict_json
from fashionsdk._tools.files import own_digest
from fashionsdk._tools.files.allocation import allocate
from fashionsdk._tools.files.atomic_file import locked, remove_abandoned, replacing
from fashionsdk._tools.files.regular_file import reason
from fashionsdk._tools.progress import progress_bar
from fashionsdk.errors import ImageError
from fashionsdk.photos import Cutout, Preprocessing
from fashionsdk_training.data.cache_digests import photo_stamp, piece_digests
from fashionsdk_training.errors import DataError

PARTIAL = ".partial"
Decoded: TypeAlias = tuple[dict[int, str], NDArray[np.int64] | None]  # why photos are unreadable, where others lie

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PhotoCache:
    """Decoded photos of one size.

    Attributes:
        pixels: uint8 ``(N, H, W, 3)``, read from disk as needed; rows of unreadable photos are black.
        unreadable: why a photo could not be read, by its index.
        visible: left, top, right and bottom of each photo in its pixels, the rest being padding, ``(N, 4)``; None
            where no photo has padding.
    """

    pixels: NDArray[np.uint8]
    unreadable: dict[int, str]
    visible: NDArray[np.int64] | None = None

    def photo(self, index: int) -> NDArray[np.uint8]:
        """Return the pixels of one photo, without padding: uint8 ``(h, w, 3)``."""
        if self.visible is None:
            return np.asarray(self.pixels[index])
        left, top, right, bottom = self.visible[index]
        return np.asarray(self.pixels[index, top:bottom, left:right])

    @property
    def readable(self) -> NDArray[np.bool_]:
        """``(N,)``, true where there is a photo."""
        mask = np.ones(len(self.pixels), np.bool_)
        mask[list(self.unreadable)] = False
        return mask


def cache_photos(
    paths: Sequence[Path | Cutout], preprocessing: Preprocessing, folder: Path, *, progress: bool = False
) -> PhotoCache:
    """Return the photos decoded and resized, from ``folder`` if they are there already, else decoded now.

    A file that changed (by size or time of modification) is decoded again, with all the others. So are all photos if
    the stored ones are not what was written; the log says so. If several processes need the same photos, one decodes
    them and the others wait. A missing, truncated or otherwise unreadable photo is left black in ``pixels``, listed in
    ``unreadable`` and counted in the log.

    Args:
        paths: the N photos.
        preprocessing: from a photo to H x W pixels.
        folder: where decoded photos are stored.
        progress: whether to show a progress bar while photos are decoded.

    Raises:
        DataError: the folder cannot be written, or has no space for them.
    """
    try:
        return _cached(paths, preprocessing, folder, progress)
    except OSError as error:
        megabytes = len(paths) * math.prod(preprocessing.shape) / 1e6
        raise DataError(
            f"cannot keep {len(paths):,} decoded photos, {megabytes:,.1f} MB, in the folder {folder}: "
            f"{reason(error)}; free some space, or choose another folder: with --cache, or the environment's TMPDIR"
        ) from error


def _cached(paths: Sequence[Path | Cutout], preprocessing: Preprocessing, folder: Path, progress: bool) -> PhotoCache:
    folder.mkdir(parents=True, exist_ok=True)
    name = _digest(paths, preprocessing)
    pixels_file, done_file = folder / f"{name}.npy", folder / f"{name}.json"
    shape = (len(paths), *preprocessing.shape)
    cache = _stored(pixels_file, done_file, shape)
    if cache is None:
        _remove_abandoned(folder)
        with locked(folder / f".{name}.decoding"):
            cache = _stored(pixels_file, done_file, shape)  # another process may have decoded them meanwhile
            if cache is None:
                unreadable, visible = _decode(paths, preprocessing, pixels_file, progress)
                cache = PhotoCache(np.load(pixels_file, mmap_mode="r"), unreadable, visible)
                _write_done(done_file, cache, pixels_file)
    _warn(paths, cache.unreadable)
    return cache


def _write_done(file: Path, cache: PhotoCache, pixels_file: Path) -> None:
    """Write which photos are unreadable, and the digests of the others and of this file: they are complete."""
    done = {own_digest.KEY: own_digest.NO_DIGEST, "pixels": piece_digests(pixels_file), "unreadable": cache.unreadable}
    if cache.visible is not None:
        done["visible"] = cache.visible.tolist()
    with replacing(file) as opened:
        opened.write(own_digest.with_digest(json.dumps(done).encode()))


def _stored(pixels_file: Path, done_file: Path, shape: tuple[int, ...]) -> PhotoCache | None:
    """Return the photos that are stored, or ``None`` if they are not, or not as they were written."""
    if not done_file.is_file():
        return None
    try:
        text = done_file.read_bytes()
        done = strict_json.loads(text)
        own_digest.check_digest(text, done[own_digest.KEY])
        if piece_digests(pixels_file) != done["pixels"]:
            raise ValueError("the pixels are not what was written")
        pixels = np.load(pixels_file, mmap_mode="r")
        if pixels.shape != shape:
            raise ValueError(f"the pixels have the shape {pixels.shape}; expected {shape}")
        visible = np.array(done["visible"], np.int64).reshape(len(pixels), 4) if "visible" in done else None
        return PhotoCache(pixels, {int(index): reason for index, reason in done["unreadable"].items()}, visible)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:  # another format, or damaged
        logger.warning("%s is decoded again: it is damaged, or of an older version: %s", pixels_file, error)
        return None


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left half done, of these photos or of others."""
    for lock in folder.glob(".*.decoding"):
        name = lock.stem.removeprefix(".")
        half = [folder / f"{name}{PARTIAL}", folder / f".{name}.json.saving"]
        if not (folder / f"{name}.json").exists():
            half.append(folder / f"{name}.npy")
        remove_abandoned(lock, *half)


def _warn(paths: Sequence[Path | Cutout], unreadable: dict[int, str]) -> None:
    if unreadable:
        first = "; ".join(list(unreadable.values())[:3])
        logger.warning("%d of %d photos cannot be read and are left out: %s", len(unreadable), len(paths), first)


def _digest(paths: Sequence[Path | Cutout], preprocessing: Preprocessing) -> str:
    key = json.dumps([preprocessing.to_json(), [photo_stamp(path) for path in paths]])
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _decode(paths: Sequence[Path | Cutout], preprocessing: Preprocessing, file: Path, progress: bool) -> Decoded:
    partial = file.with_suffix(PARTIAL)
    try:
        reasons, visible = _decode_to(partial, paths, preprocessing, progress)
        os.replace(partial, file)
    except BaseException:
        partial.unlink(missing_ok=True)  # it may be what fills the disk
        raise
    return {index: why for index, why in enumerate(reasons) if why is not None}, visible


def _decode_to(
    file: Path, paths: Sequence[Path | Cutout], preprocessing: Preprocessing, progress: bool
) -> tuple[list[str | None], NDArray[np.int64] | None]:
    """Write the pixels of all photos to an .npy file; return why each could not be read, or None, and where it lies."""
    shape = (len(paths), *preprocessing.shape)
    pixels = np.lib.format.open_memmap(file, "w+", np.uint8, shape)
    with file.open("rb+") as opened:
        allocate(opened.fileno(), pixels.offset, pixels.nbytes)

    visible = np.zeros((len(paths), 4), np.int64)
    visible[:, 2:] = preprocessing.width, preprocessing.height

    def decode(index: int) -> str | None:
        try:
            pixels[index], placement = preprocessing.read_placed(paths[index])
            visible[index] = placement.visible
        except ImageError as error:
            return str(error)
        return None

    with ThreadPoolExecutor() as pool:
        decoded, total = pool.map(decode, range(len(paths))), len(paths)
        try:
            reasons = list(progress_bar(decoded, "decoding photos", total, "photo", shown=progress))
        except BaseException:
            pool.shutdown(cancel_futures=True)  # Ctrl-C must not wait for all photos
            raise
    pixels.flush()
    return reasons, visible if preprocessing.fit == "pad" else None
