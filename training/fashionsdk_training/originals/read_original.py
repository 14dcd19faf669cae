"""Read the papers' programs' checkpoint files without running code in them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fashionsdk._tools.files.regular_file import open_regular
from fashionsdk_training.errors import CheckpointError

# The score beside the weights may be a NumPy number. torch's safe unpickler must allow the function that rebuilds one,
# under its names in NumPy 1 and 2, and the types of its arguments.
_NUMPY_NUMBERS: list[Any] = [
    *((np.float64(0).__reduce__()[0], f"numpy.{core}.multiarray.scalar") for core in ("core", "_core")),
    np.dtype,
    type(np.dtype(np.float64)),
    type(np.dtype(np.float32)),
]


def read_original(path: str | Path) -> dict[str, Tensor]:
    """Return the parameters in a ``.pth.tar`` file, by the original's names.

    ASEN, ASENet_V2, CSN and AG-MAN store them under ``state_dict``, ASEN++ under ``model``.

    Raises:
        CheckpointError: the file is missing or damaged, has other content, or would run code when loaded.
    """
    try:
        with open_regular(path) as file, torch.serialization.safe_globals(_NUMPY_NUMBERS):
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # for a damaged file the unpickler raises any of Python's errors
        raise CheckpointError(f"{path}: not a checkpoint that can be read safely: {_reason(error)}") from error
    return _parameters(path, content)


def _reason(error: Exception) -> str:
    """Return torch's reason without its advice to load the file unsafely."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    reason = next((line for line in lines if "WeightsUnpickler error" in line or "GLOBAL" in line), lines[0])
    return reason.removeprefix("WeightsUnpickler error: ").partition(". ")[0]


def _parameters(path: str | Path, content: Any) -> dict[str, Tensor]:
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: holds a {type(content).__name__}; expected a dictionary with 'state_dict'")
    groups = [key for key in ("state_dict", "model") if isinstance(content.get(key), Mapping)]
    if len(groups) != 1:
        names = ", ".join(map(str, content)) or "nothing"
        raise CheckpointError(f"{path}: holds {names}; expected one of 'state_dict' and 'model' with the parameters")
    parameters = dict(content[groups[0]])
    for key, value in parameters.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise CheckpointError(f"{path}: {key!r} is a {type(value).__name__}; expected a tensor with a name")
    return parameters
