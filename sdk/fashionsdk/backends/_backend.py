"""What every backend offers, and how it describes itself."""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


def backend_name(info: BackendInfo) -> str:
    """Return what a backend is called in messages, such as ``"this onnxruntime backend"``."""
    return f"this {info.runtime.split()[0]} backend"


class Backend(Protocol):
    """A loaded graph. Several threads may call `run` at once; ``with`` closes it at the end of the block."""

    @property
    def info(self) -> BackendInfo:
        """What runs and why."""

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""

    def run(
        self, images: "NDArray[np.uint8]", *, attention: bool = False
    ) -> "tuple[NDArray[np.float32], NDArray[np.float32] | None]":
        """Map images to embeddings.

        Args:
            images: uint8 ``(B, H, W, 3)``, B at least 1.
            attention: whether to return the attention maps as well.

        Returns:
            float32 ``(B, A, D)`` of unit length, and float32 ``(B, A, h, w)`` or ``None``; the caller's own.

        Raises:
            BackendError: the runtime fails, for example for lack of memory.
            ValueError: the images have another shape or type, the model has no attention maps, or this is closed.
        """

    def close(self) -> None:
        """Wait for the calls that run in other threads, then free the memory. Closing twice does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...
