"""Make a label table with splits from any table of photos: see --help."""

import sys

try:
    from fashionsdk_training.cli import prepare
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python training/prepare.py"
    raise SystemExit(f"prepare.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(prepare())
