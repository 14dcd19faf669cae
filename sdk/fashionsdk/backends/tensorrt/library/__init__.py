"""The seam to the two libraries, ``tensorrt`` and ``tensorrt_rtx``, for runs and builds."""

from fashionsdk.backends.tensorrt.library._api import Api
from fashionsdk.backends.tensorrt.library._library import Library, library
from fashionsdk.backends.tensorrt.library._library_log import sentence

__all__ = [
    "Api",
    "Library",
    "library",
    "sentence",
]
