"""Teach a trained model one more attribute without training it again: see --help."""

from fashionsdk_training.adding.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
