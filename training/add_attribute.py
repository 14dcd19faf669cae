"""Teach a trained model one more attribute without training it again: see --help."""

import sys

try:
    from fashionsdk_training.cli import add_attribute
except ModuleNotFoundError as error:  # another Python than the environment's, as often with the first command
    advice = "in the project's folder run 'make install', then .venv/bin/python training/add_attribute.py"
    raise SystemExit(f"add_attribute.py: {error} for {sys.executable}; {advice}") from None

if __name__ == "__main__":
    raise SystemExit(add_attribute())
