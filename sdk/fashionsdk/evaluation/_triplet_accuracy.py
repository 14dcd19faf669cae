"""Evaluates embeddings by triplet prediction: how often the photo that a person finds more alike is the closer one.

The measure of Veit et al., CVPR 2017, arXiv:1603.07810, and of the ASEN papers on Zappos50k. Memory is bounded.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.batches import slices
from fashionsdk.evaluation._retrieval import check_known
from fashionsdk.evaluation._scores import AttributeScore, Scores
from fashionsdk.evaluation._scratch_vectors import Batch, ScratchVectors, scratch_vectors
from fashionsdk.labels import TripletSplit

TRIPLETS_IN_MEMORY = 4096  # three embeddings each

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TripletScore(AttributeScore):
    """Triplets of one attribute, or of all; ``accuracy`` in percent, 50 for guessing."""

    triplets: int
    accuracy: float

    def columns(self) -> dict[str, float]:
        """Return the table's columns: name -> a count (int) or percent (float)."""
        return {"triplets": self.triplets, "accuracy": self.accuracy}


@dataclass(frozen=True)
class TripletEvaluation(Scores[TripletScore]):
    """Triplet prediction accuracy per attribute, and over all triplets.

    Attributes:
        attributes: a score per attribute, in the split's order; attributes without triplets are left out.
        overall: the share over all triplets of all attributes.
        without_embedding: photos of the triplets that have no embedding.
        skipped_triplets: triplets with such a photo; they are left out.
    """

    without_embedding: int
    skipped_triplets: int


def evaluate_triplets(split: TripletSplit, batches: Iterable[Batch], attributes: Sequence[str]) -> TripletEvaluation:
    """Return the share of triplets whose anchor is closer to the positive than to the negative.

    On unit vectors the closer one by Euclidean distance is the one of higher cosine. A tie counts as wrong, as in the
    CSN program, where the difference of the distances must be above zero. Other than there, embeddings have unit length
    (its masked embeddings do not), all listed triplets count (it shuffles and cuts at 160,000 for testing, 80,000 for
    validation), and an attribute's accuracy is the share of its triplets (it averages the shares of batches).

    Args:
        split: the triplets.
        batches: pairs of image indices ``(B,)`` into ``split.images`` and their embeddings ``(B, A, D)`` of unit
            length. A triplet with an image that has no embedding is left out and counted.
        attributes: the names of the embeddings' A attributes.

    Raises:
        ValueError: the split asks for an attribute that is not among ``attributes``, or no triplet is left.
    """
    check_known({split.attributes[a].name for a in np.unique(split.triplets[:, 3])}, attributes)
    with scratch_vectors(batches, len(split.images)) as vectors:
        return _score(split, vectors, attributes)


def _score(split: TripletSplit, vectors: ScratchVectors, attributes: Sequence[str]) -> TripletEvaluation:
    absent = int((~vectors.present[np.unique(split.triplets[:, :3])]).sum())
    triplets = split.triplets[vectors.present[split.triplets[:, :3]].all(axis=1)]
    skipped_triplets = len(split.triplets) - len(triplets)
    if not len(triplets):
        raise ValueError(f"no triplet is left to evaluate: {absent} photos have no embedding")
    if absent:
        logger.warning("%d photos have no embedding; %d triplets are left out", absent, skipped_triplets)
    scores, right = [], []
    for a, attribute in enumerate(split.attributes):
        if len(rows := triplets[triplets[:, 3] == a]):
            right.append(_right(vectors, attributes.index(attribute.name), rows))
            scores.append(_mean(attribute.name, right[-1]))
    return TripletEvaluation(tuple(scores), _mean("all triplets", np.concatenate(right)), absent, skipped_triplets)


def _right(vectors: ScratchVectors, attribute: int, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return ``(T,)``, true where the anchor is closer to the positive; ``rows`` ``(T, 4)`` are of one attribute."""
    blocks = []
    for part in slices(len(rows), TRIPLETS_IN_MEMORY):
        photos = rows[part, :3].T
        anchor, positive, negative = (vectors.rows(attribute, photo) for photo in photos)  # each (t, D)
        # The difference comes first, so equal vectors tie exactly in any order of summation.
        blocks.append((anchor * (positive - negative)).sum(axis=1) > 0)
    return np.concatenate(blocks)


def _mean(name: str, right: NDArray[np.bool_]) -> TripletScore:
    return TripletScore(name, len(right), round(float(right.mean()) * 100, 4))
