"""The labels to train on and to validate with, and what their author should know before a long run."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fashionsdk.evaluation import one_valued
from fashionsdk.labels import Labels, LabelSource, RetrievalSplit
from fashionsdk_training.data.split_leaks import check_splits_differ
from fashionsdk_training.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class TrainingLabels:
    """What a table says, before any photo is decoded.

    Attributes:
        path: the table or folder.
        splits: the names of the training and the validation split.
        labels: the training split's labels.
        retrieval: the validation split's queries and candidates.
    """

    path: Path
    splits: tuple[str, str]
    labels: Labels
    retrieval: RetrievalSplit


def read_training_labels(
    path: str | Path, splits: tuple[str, str] = ("train", "valid"), attributes: Sequence[str] | None = None
) -> TrainingLabels:
    """Read the labels of two splits, and log what is odd about them.

    Args:
        path: a CSV table, or a folder that holds ``labels.csv`` or the index files of the ASEN papers.
        splits: names of the training and the validation split.
        attributes: the attributes to train, or None for all that seem to be.

    Raises:
        LabelsError: the labels cannot be read, or a split is empty.
        DataError: a photo is in both splits, or no attribute of the validation split has two values.
        ValueError: an attribute is unknown.
    """
    source = LabelSource.open(path, attributes)
    labels, retrieval = source.labels(splits[0]).select(attributes), source.retrieval(splits[1]).select(attributes)
    check_splits_differ(path, labels, retrieval, splits)
    _log_other_rows(source.other_splits(*splits), splits)
    alike, queried = one_valued(retrieval), set(retrieval.queries[:, 1].tolist())
    if alike and len(alike) == len(queried):
        raise DataError(
            f"{path}: no attribute has two values in split {splits[1]!r}; expected at least one, to tell values apart"
        )
    if alike:
        names = ", ".join(alike)
        logger.warning("one value in split %r, so not part of the mean over attributes: %s", splits[1], names)
    return TrainingLabels(Path(path), splits, labels, retrieval)


def _log_other_rows(counts: Mapping[str, int], splits: tuple[str, str]) -> None:
    if counts:
        named = ", ".join(f"{split!r} ({count})" for split, count in counts.items())
        total = sum(counts.values())
        logger.warning("%d rows are neither of split %r nor of %r and are not used: %s", total, *splits, named)
