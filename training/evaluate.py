"""MAP and recall of a checkpoint or a bundle: see --help."""

import sys

try:
    from fashionsdk_training.cli import evaluate
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python training/evaluate.py"
    raise SystemExit(f"evaluate.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(evaluate())
