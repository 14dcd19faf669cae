"""Say what a table of labels holds and which labels are probably wrong: see --help."""

import sys

try:
    from fashionsdk_training.cli import labels
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python training/labels.py"
    raise SystemExit(f"labels.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(labels())
