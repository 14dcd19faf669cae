"""Judge embeddings by triplet prediction: how often the photo that a person finds closer is the closer one.

The measure of Veit et al., CVPR 2017, arXiv:1603.07810, and of the ASEN papers on Zappos50k. Memory is bounded.
"""

import logging
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionsdk.evaluation._retrieval import Batch, check_known
from fashionsdk.evaluation._scratch_vectors import VectorStore
from fashionsdk.labels import TripletSplit

TRIPLETS_IN_MEMORY = 4096  # three embeddings each

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TripletScore:
    """What a system reaches on one attribute, or on all; ``accuracy`` in percent, of which guessing reaches 50."""

    attribute: str
    triplets: int
    accuracy: float


@dataclass(frozen=True)
class TripletEvaluation:
    """Triplet prediction accuracy per attribute, and over all triplets.

    Attributes:
        attributes: a score per attribute, in the split's order; attributes without triplets are left out.
        overall: the share over all triplets of all attributes.
        without_embedding: photos that the triplets need but that could not be embedded.
        skipped_triplets: triplets that were left out because of them.
    """

    attributes: tuple[TripletScore, ...]
    overall: TripletScore
    without_embedding: int
    skipped_triplets: int

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def table(self) -> str:
        """Return the scores as a text table, one line an attribute, all triplets last."""
        head = f"{'attribute':<20} {'triplets':>8} {'accuracy':>8}"
        lines = [f"{s.attribute:<20} {s.triplets:>8} {s.accuracy:>8.2f}" for s in (*self.attributes, self.overall)]
        return "\n".join([head, *lines])


def evaluate_triplets(split: TripletSplit, batches: Iterable[Batch], attributes: Sequence[str]) -> TripletEvaluation:
    """Return the share of triplets whose anchor is closer to the positive than to the negative.

    On unit vectors the closer one by Euclidean distance is the one of higher cosine. A tie is wrong, as in the CSN
    program, which asks for a distance difference above zero. Unlike there, embeddings have unit length (its masked
    embeddings do not), all listed triplets count (it shuffles and cuts at 160,000 for testing, 80,000 for validation),
    and an attribute's figure is the share of its triplets (it averages the shares of batches).

    Args:
        split: the questions.
        batches: pairs of image indices ``(B,)`` into ``split.images`` and their embeddings ``(B, A, D)`` of unit
            length. A triplet with an image that never comes is left out and counted.
        attributes: the names of the A attributes of the embeddings.

    Raises:
        ValueError: the split asks for an attribute that is not among ``attributes``, or no triplet is left.
    """
    check_known({split.attributes[a].name for a in np.unique(split.triplets[:, 3])}, attributes)
    with tempfile.TemporaryDirectory(prefix="fashionsdk-") as folder:
        store = VectorStore(Path(folder) / "embeddings", len(split.images))
        for indices, vectors in batches:
            store.put(indices, vectors)
        return _score(split, store, attributes)


def _score(split: TripletSplit, store: VectorStore, attributes: Sequence[str]) -> TripletEvaluation:
    absent = int((~store.present[np.unique(split.triplets[:, :3])]).sum())
    kept = split.triplets[store.present[split.triplets[:, :3]].all(axis=1)]
    skipped_triplets = len(split.triplets) - len(kept)
    if not len(kept):
        raise ValueError(f"no triplet is left to evaluate: {absent} photos have no embedding")
    if absent:
        logger.warning("%d photos have no embedding; %d triplets are left out", absent, skipped_triplets)
    scores, answers = [], []
    for a, attribute in enumerate(split.attributes):
        if len(rows := kept[kept[:, 3] == a]):
            right = _right(store, attributes.index(attribute.name), rows)
            scores.append(_mean(attribute.name, right))
            answers.append(right)
    return TripletEvaluation(tuple(scores), _mean("all triplets", np.concatenate(answers)), absent, skipped_triplets)


def _right(store: VectorStore, attribute: int, rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return ``(T,)``, true where the anchor is closer to the positive; ``rows`` ``(T, 4)`` are of one attribute."""
    blocks = []
    for start in range(0, len(rows), TRIPLETS_IN_MEMORY):
        photos = rows[start : start + TRIPLETS_IN_MEMORY, :3].T
        anchor, positive, negative = (store.rows(attribute, photo) for photo in photos)  # each (t, D)
        # The difference first: equal vectors then tie exactly, whatever the order of the sum.
        blocks.append((anchor * (positive - negative)).sum(axis=1) > 0)
    return np.concatenate(blocks)


def _mean(name: str, right: NDArray[np.bool_]) -> TripletScore:
    return TripletScore(name, len(right), round(float(right.mean()) * 100, 4))
