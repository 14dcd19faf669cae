"""Digests of a large file, one for each piece, computed in threads: SHA-256 of gigabytes takes seconds."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PIECE = 1 << 26  # bytes


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
