"""Turn a checkpoint of the original programs into one of ours: see --help."""

from fashionsdk_training.originals.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
