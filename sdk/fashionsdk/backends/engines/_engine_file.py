"""Read an engine's file, which is machine code: only one that the manifest names by its digest."""

import hashlib
from typing import TYPE_CHECKING

from fashionsdk.errors import BundleError

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle, EngineInfo


def read_engine(bundle: "Bundle", info: "EngineInfo") -> bytes:
    """Read an engine's file and compare its SHA-256, even if the bundle was opened without verification.

    An engine is a program, and the library does not check what it loads.

    Raises:
        BundleError: the file cannot be read or is not the one that the manifest lists.
    """
    path, expected = bundle.path / info.file, bundle.manifest.files[info.file]
    try:
        with path.open("rb") as file:
            data = file.read(expected.size + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error}; copy or export the bundle again") from error
    if (digest := hashlib.sha256(data).hexdigest()) != expected.sha256:
        raise BundleError(
            f"{path} has the SHA-256 {digest}; expected {expected.sha256}: "
            "the file is damaged or was changed; copy the bundle or build the engine again"
        )
    return data
