"""The command line of ``export/build_engine.py``."""

from fashionsdk_export.cli.build_engine_command import main

__all__ = ["main"]
