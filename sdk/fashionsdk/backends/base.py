"""What every backend offers, and how it describes itself."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class BackendInfo:
    """What runs and why.

    Attributes:
        runtime: name and version, such as ``"onnxruntime 1.31.1"``.
        device: ``"cpu"`` or ``"cuda:N"``.
        precision: the graph's: ``"fp32"``, ``"fp16"`` or ``"int8"``.
        reason: why this device.
    """

    runtime: str
    device: str
    precision: str
    reason: str

    def __str__(self) -> str:
        return f"{self.runtime} on {self.device}, {self.precision} ({self.reason})"


class Backend(Protocol):
    """A loaded graph. Several threads may call :meth:`run` at once."""

    @property
    def info(self) -> BackendInfo:
        """What runs and why."""

    def run(
        self, images: NDArray[np.uint8], *, attention: bool = False
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Map images to embeddings.

        Args:
            images: uint8 ``(B, S, S, 3)``, B at least 1.
            attention: whether to compute the attention maps as well.

        Returns:
            float32 ``(B, A, D)`` of unit length, and float32 ``(B, A, h, w)`` or ``None``.

        Raises:
            BackendError: the runtime fails, for example for lack of memory.
            ValueError: the images have another shape or type, or the model has no attention maps.
        """
