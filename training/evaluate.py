"""MAP and recall of a checkpoint or a bundle: see --help."""

from fashionsdk_training.cli import evaluate

if __name__ == "__main__":
    raise SystemExit(evaluate())
