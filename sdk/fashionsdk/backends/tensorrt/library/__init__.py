"""The two libraries, ``tensorrt`` and ``tensorrt_rtx``: import, types and log, for runs and builds."""

from fashionsdk.backends.tensorrt.library._api import Api
from fashionsdk.backends.tensorrt.library._library import Library, load_library
from fashionsdk.backends.tensorrt.library._library_log import sentence

__all__ = [
    "Api",
    "Library",
    "load_library",
    "sentence",
]
