"""The HTTP service: what `Embedder` and `Matcher` do, for callers who never import Python, and a page to look at.

`create_app` makes an ASGI application of `Settings`; ``fashionsdk serve`` runs it.
"""

from fashionsdk.service._app import create_app
from fashionsdk.service._run import Listening, run
from fashionsdk.service._settings import LOOPBACK, Limits, Settings
from fashionsdk.service.guards import hashed, new_key, read_key_lines
from fashionsdk.service.labelling import LabelSettings

__all__ = [
    "LOOPBACK",
    "LabelSettings",
    "Limits",
    "Listening",
    "Settings",
    "create_app",
    "hashed",
    "new_key",
    "read_key_lines",
    "run",
]
