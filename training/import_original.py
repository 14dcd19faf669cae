"""Turn a checkpoint of the original programs into one of ours: see --help."""

from fashionsdk_training.cli import import_original

if __name__ == "__main__":
    raise SystemExit(import_original())
