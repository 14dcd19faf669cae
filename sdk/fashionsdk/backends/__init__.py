"""Where a bundle's graph runs: the seam between the SDK and the inference runtimes."""

from fashionsdk.backends.base import Backend, BackendInfo
from fashionsdk.backends.choice import PRECISIONS, RUNTIMES, open_backend

__all__ = ["PRECISIONS", "RUNTIMES", "Backend", "BackendInfo", "open_backend"]
