"""The labels and photos that the options of ``train.py`` name."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk.cli import labelled_data
from fashionsdk_training.config import TrainConfig

if TYPE_CHECKING:
    from fashionsdk_training.data import TrainingData, TrainingLabels


def read_labels(args: argparse.Namespace) -> "TrainingLabels":
    """Read a label table's two splits, no photos.

    Raises:
        LabelsError, DataError: they cannot be read or trained on.
        ValueError: an attribute is unknown, or the data are lists of triplets.
    """
    from fashionsdk_training.data import read_training_labels

    if _holds_triplets(args):
        raise ValueError(
            "--recipe auto or --teacher with lists of triplets; expected neither, and a recipe that samples triplets, "
            "such as csn_paper"
        )
    return read_training_labels(labelled_data(args), _splits(args, "valid"), args.attribute, args.boxes)


def load_data(args: argparse.Namespace, config: TrainConfig, labels: "TrainingLabels | None") -> "TrainingData":
    """Read labels, unless they were read, and photos.

    Raises:
        LabelsError, DataError: they cannot be read or trained on.
        ValueError: an attribute is unknown, or there are boxes or corrections for lists of triplets.
    """
    from fashionsdk_training.data import load_photos, load_triplet_data

    cache = args.cache or args.out / "photos"
    if not _holds_triplets(args):
        read, where = labels or read_labels(args), (config.side, config.stored_side, cache)
        return load_photos(read, *where, fit=config.fit, padding=config.padding, progress=True)
    if args.corrections is not None:
        raise ValueError("--corrections with lists of triplets; expected a label table")
    if args.boxes is not None:
        raise ValueError("--boxes with lists of triplets; expected a label table, or the ASEN papers' index files")
    return load_triplet_data(
        args.data,
        config.side,
        config.stored_side,
        cache,
        splits=_splits(args, "val"),
        attributes=args.attribute,
        most=config.sampling.most_triplets or None,
        seed=config.seed,
        fit=config.fit,
        padding=config.padding,
        progress=True,
    )


def _holds_triplets(args: argparse.Namespace) -> bool:
    from fashionsdk.labels import holds_triplets

    return args.format is None and holds_triplets(args.data)


def _splits(args: argparse.Namespace, valid: str) -> tuple[str, str]:
    first, second = args.splits or ("train", valid)
    return first, second
