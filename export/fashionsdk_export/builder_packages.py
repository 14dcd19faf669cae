"""Which package builds engines of a kind."""

from importlib import import_module
from typing import Any

from fashionsdk.backends import engine_build
from fashionsdk.bundle import EngineKind


def builder_package(kind: EngineKind) -> Any:
    """Return the package that builds engines of a kind: it has ``EngineConfig``, ``check_library`` and ``add_engines``.

    Raises:
        ImportError: what the package needs is not installed.
    """
    return import_module(f"fashionsdk_export.{engine_build(kind).room}")
