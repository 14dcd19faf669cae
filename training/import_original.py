"""Turn a checkpoint of the original programs into one of ours: see --help."""

import sys

try:
    from fashionsdk_training.cli import import_original
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python training/import_original.py"
    raise SystemExit(f"import_original.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(import_original())
