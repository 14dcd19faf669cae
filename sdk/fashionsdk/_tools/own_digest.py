"""A file's digest inside the file itself: a SHA-256 of all its bytes, with zeros in the digest's place.

For files that begin with JSON: a manifest, a checkpoint's settings, the header of safetensors. A flipped bit in any of
them would rename an attribute or change a number, and nothing else would show it.
"""

import hashlib
import re
from pathlib import Path

KEY = "own_sha256"
NO_DIGEST = "0" * 64

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 22


def with_digest(data: bytes) -> bytes:
    """Return a file's bytes with their digest in place of the zeros, the first 64 after the key."""
    start = data.index(NO_DIGEST.encode(), data.index(f'"{KEY}"'.encode()))
    return data[:start] + hashlib.sha256(data).hexdigest().encode() + data[start + len(NO_DIGEST) :]


def check_digest(data: bytes, digest: object, rest: Path | None = None) -> None:
    """Check a file.

    Args:
        data: its bytes; or their beginning, with the digest in it.
        digest: what stands under ``KEY``; ``None`` for a file of before, which has no digest and is not checked.
        rest: the file, if ``data`` is its beginning.

    Raises:
        ValueError: the bytes are not those that were written.
        OSError: the file cannot be read.
    """
    if digest is None:
        return
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ValueError(f"{KEY} is {digest!r:.80}; expected 64 lower-case hexadecimal digits")
    sha256 = hashlib.sha256(data.replace(digest.encode(), NO_DIGEST.encode(), 1))
    if rest is not None:
        with rest.open("rb") as file:
            file.seek(len(data))
            while piece := file.read(_PIECE):
                sha256.update(piece)
    if sha256.hexdigest() != digest:
        raise ValueError(f"it has the SHA-256 {sha256.hexdigest()}; expected {digest}: it is damaged or was changed")
