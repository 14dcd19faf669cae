"""What every backend offers, and how it describes itself."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import Manifest


@dataclass(frozen=True)
class BackendInfo:
    """What runs and why.

    Attributes:
        runtime: name and version, such as ``"onnxruntime 1.31.1"``.
        device: ``"cpu"`` or ``"cuda:N"``.
        precision: ``"fp32"``, ``"fp16"`` or ``"int8"``, the graph's, or ``"bf16"``: the fp32 graph in bfloat16.
        reason: why this runtime and this device.
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
            attention: whether to return the attention maps as well.

        Returns:
            float32 ``(B, A, D)`` of unit length, and float32 ``(B, A, h, w)`` or ``None``; the caller's own.

        Raises:
            BackendError: the runtime fails, for example for lack of memory.
            ValueError: the images have another shape or type, or the model has no attention maps.
        """


def check_call(manifest: Manifest, images: NDArray[np.uint8], attention: bool) -> None:
    """Check the arguments of :meth:`Backend.run`.

    Raises:
        ValueError: the images have another shape or type, or the model has no attention maps.
    """
    side = manifest.preprocessing.side
    expected = (side, side, 3)
    if images.dtype != np.uint8 or images.shape[1:] != expected or len(images) < 1:
        raise ValueError(f"images are {images.dtype} {images.shape}; expected uint8 (B,) + {expected}, B >= 1")
    if attention and manifest.attention_shape is None:
        raise ValueError("attention was asked for, but this model has no attention maps")
