"""Tensors that took long to compute, kept in a file with what they come from."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from fashionsdk._tools.files import own_digest
from fashionsdk._tools.files.atomic_file import replacing

ORIGIN = "origin"

logger = logging.getLogger(__name__)


def keep_tensors(path: Path, tensors: Mapping[str, Tensor], origin: Mapping[str, Any]) -> None:
    """Write tensors to a safetensors file; its folder is made if it is missing.

    Args:
        path: the file.
        tensors: by name.
        origin: what they were computed from, as JSON values.

    Raises:
        OSError: it cannot be written.
    """
    metadata = {ORIGIN: json.dumps(origin, sort_keys=True), own_digest.KEY: own_digest.NO_DIGEST}
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(own_digest.with_digest(content))


def kept_tensors(path: Path, origin: Mapping[str, Any]) -> dict[str, Tensor] | None:
    """Return the tensors of a file, or ``None`` if there is none, if they come from something else, or are damaged.

    The log says which, so that nobody wonders why they are computed again.
    """
    if not path.is_file():
        return None
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            _check_digest(path, metadata)
            if metadata[ORIGIN] != json.dumps(origin, sort_keys=True):
                logger.info("%s is computed again: it is of other photos, labels or settings", path)
                return None
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (a file is not iterable)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        logger.warning("%s is computed again: it is damaged, or of another version: %s", path, error)
        return None


def _check_digest(path: Path, metadata: Mapping[str, str]) -> None:
    """Check every byte of a file.

    Raises:
        KeyError, ValueError: they are not those that were written.
    """
    with path.open("rb") as file:
        start = file.read(8)
        header = start + file.read(int.from_bytes(start, "little"))  # a length that safetensors has checked
    own_digest.check_digest(header, metadata[own_digest.KEY], rest=path)
