"""Train an attribute-specific embedding model: see --help."""

from fashionsdk_training.cli import train

if __name__ == "__main__":
    raise SystemExit(train())
