"""Teach a trained model one more attribute without training it again: see --help."""

from fashionsdk_training.cli import add_attribute

if __name__ == "__main__":
    raise SystemExit(add_attribute())
