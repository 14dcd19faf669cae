"""Write a bundle as a model repository for NVIDIA Triton: see --help.

PyTorch imports a package of this name, and Python looks for it here first when a script of this folder runs. Whoever
imports this file gets that package.
"""

import importlib
import sys
from pathlib import Path


def run() -> int:
    """Run the command."""
    try:
        from fashionsdk_export.cli import triton_repository
    except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
        advice = "in the project's folder run 'make install', then .venv/bin/python export/triton.py"
        raise SystemExit(f"triton.py: {error} for {sys.executable}; {advice}") from None
    return triton_repository()


def give_way() -> None:
    """Put the package that others look for under this name in the place of this module.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    del sys.modules[__name__]
    sys.modules[__name__] = importlib.import_module(__name__)


if __name__ == "__main__":
    raise SystemExit(run())
give_way()
