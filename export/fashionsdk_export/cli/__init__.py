"""The command lines of the scripts in ``export/``."""

from fashionsdk_export.cli.build_engine_command import main
from fashionsdk_export.cli.triton_repository_command import main as triton_repository

__all__ = ["main", "triton_repository"]
