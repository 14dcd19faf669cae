"""A limit on the memory of the tensors that are made in a block, checked before each is made."""

import math
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

_BYTES = 4  # of an element; nearly all parameters are float32


class AllocationError(ValueError):
    """The tensors of a block would take more memory than they may."""


class AllocationLimit(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch has no types there
    """Counts the bytes of new tensors in a ``with`` block, freed ones included.

    Args:
        most: bytes that the block may ask for.

    Raises:
        AllocationError: it asks for more; the tensor is not made.
    """

    def __init__(self, most: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._most = self._left = most

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation; those that make a tensor of a given shape have the shape as first argument."""
        shape = args[0] if args else None
        if isinstance(shape, (list, tuple)) and all(isinstance(length, int) for length in shape):
            self._left -= math.prod(shape) * _BYTES
            if self._left < 0:
                raise AllocationError(f"its tensors take more than {self._most} bytes")
        return func(*args, **(kwargs or {}))
