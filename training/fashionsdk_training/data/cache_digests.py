"""What tells whether kept results still hold: stamps of the photos, and digests of a large file.

A large file has a digest for each piece, computed in threads: SHA-256 of gigabytes takes seconds.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fashionsdk.photos import Cutout

PIECE = 1 << 26  # bytes


def photo_stamp(source: Path | Cutout) -> tuple[str | int, ...]:
    """Return what changes with a photo: its path, size and time of modification, then the pixels of a cutout.

    A file that cannot be looked at has -1 for both.
    """
    if isinstance(source, Cutout):
        return *photo_stamp(Path(str(source.photo))), *source.pixels
    try:
        status = source.stat()
    except (OSError, ValueError):  # a NUL in a path is a ValueError
        return str(source), -1, -1
    return str(source.resolve()), status.st_size, status.st_mtime_ns


def piece_digests(path: Path) -> list[str]:
    """Return the SHA-256 of each piece of a file, in order.

    Raises:
        OSError: the file cannot be read.
    """
    starts = range(0, max(path.stat().st_size, 1), PIECE)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda start: _digest(path, start), starts))


def _digest(path: Path, start: int) -> str:
    sha256, step = hashlib.sha256(), 1 << 20
    with path.open("rb") as file:
        file.seek(start)
        for _ in range(PIECE // step):
            sha256.update(file.read(step))
    return sha256.hexdigest()
