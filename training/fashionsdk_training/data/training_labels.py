"""The labels to train on and to validate with, and what their author should know before a long run."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fashionsdk.evaluation import one_valued
from fashionsdk.labels import Boxes, Data, Labels, LabelSource, RetrievalSplit
from fashionsdk_training.data.guiding_boxes import read_guiding_boxes
from fashionsdk_training.data.split_leaks import check_products_differ, check_splits_differ
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
        boxes: where in training photos attributes are decided: by the photo's index, then by the attribute's name.
    """

    path: Path
    splits: tuple[str, str]
    labels: Labels
    retrieval: RetrievalSplit
    boxes: Boxes = field(default_factory=dict)


def read_training_labels(
    data: Data,
    splits: tuple[str, str] = ("train", "valid"),
    attributes: Sequence[str] | None = None,
    boxes: str | Path | None = None,
) -> TrainingLabels:
    """Read the labels of two splits, and log what is odd about them.

    Args:
        data: a label table of any format, a folder of the ASEN papers' index files, or what was read of either.
        splits: names of the training and the validation split.
        attributes: the attributes to train, or None for all that seem to be.
        boxes: a CSV file that says where attributes are decided (``docs/pointing.md``), or None for none.

    Raises:
        LabelsError: the labels or the boxes cannot be read, a split is empty, or no training photo has a box.
        DataError: a photo is in both splits, a product is in several, or no attribute of the validation split has two
            values.
        ValueError: an attribute is unknown.
    """
    source = LabelSource.of(data, attributes)
    path = source.path
    train, valid = source.labels(splits[0]), source.retrieval(splits[1])
    labels, retrieval = train.select(attributes), valid.select(attributes)
    check_splits_differ(path, labels, retrieval, splits)
    check_products_differ(source)
    _log_other_rows(source.other_splits(*splits), splits)
    if retrieval.products:
        counted = "%d products in split %r: candidates of a query's own are left out"
        logger.info(counted, retrieval.product_count, splits[1])
    alike, queried = one_valued(retrieval), set(retrieval.queries[:, 1].tolist())
    if alike and len(alike) == len(queried):
        raise DataError(
            f"{path}: no attribute has two values in split {splits[1]!r}; expected at least one, to tell values apart"
        )
    if alike:
        names = ", ".join(alike)
        logger.warning("one value in split %r, so not part of the mean over attributes: %s", splits[1], names)
    guiding = {} if boxes is None else read_guiding_boxes(boxes, source, train, valid, attributes)
    return TrainingLabels(path, splits, labels, retrieval, guiding)


def _log_other_rows(counts: Mapping[str, int], splits: tuple[str, str]) -> None:
    if counts:
        named = ", ".join(f"{split!r} ({count})" for split, count in counts.items())
        total = sum(counts.values())
        logger.warning("%d rows are neither of split %r nor of %r and are not used: %s", total, *splits, named)
