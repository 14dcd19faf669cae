"""Train an attribute-specific embedding model: see --help."""

import sys

try:
    from fashionsdk_training.cli import train
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python training/train.py"
    raise SystemExit(f"train.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(train())
