"""What pages show. Pictures are ``data:`` addresses; everything else is plain text and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionsdk.evaluation import Evaluation
from fashionsdk.values import Calibration


@dataclass(frozen=True)
class Neighbour:
    """One near item of a query: its picture, its value, whether that is the query's value, and the cosine."""

    picture: str
    value: str
    right: bool
    score: float


@dataclass(frozen=True)
class Query:
    """One query with its nearest items, nearest first; ``attention`` is None for a model without attention."""

    picture: str
    attention: str | None
    value: str
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True)
class AttentionOverlays:
    """One photo under the attention of each attribute.

    Attributes:
        picture: the photo.
        overlays: attribute -> the photo under its attention, and the photo's value, None without a label.
        caption: the photo's name on the page.
    """

    picture: str
    overlays: Mapping[str, tuple[str, str | None]]
    caption: str = "photo"


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """One attribute's embeddings in the plane.

    Attributes:
        points: float64 ``(N, 2)``, 0 to 1.
        values: each point's value.
        pictures: each point's photo, drawn in place of a dot; or empty.
    """

    points: NDArray[np.float64]
    values: tuple[str, ...]
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class AttributeResult:
    """What is shown for one attribute; ``embedding_map`` is None if it has too few items, or maps are left out."""

    name: str
    queries: tuple[Query, ...]
    embedding_map: EmbeddingMap | None


@dataclass(frozen=True, eq=False)
class Report:
    """Everything the page needs.

    Attributes:
        facts: name -> value, about the model, the data and the run.
        evaluation: the scores.
        attributes: one result for each attribute that has queries.
        attention: a few photos under the attention of every attribute; empty for a model without attention.
        history: the training, one row per epoch; may be empty.
        seed: of the random sample that is shown.
        reliability: attribute -> how right the probabilities of its values are; empty if the model has none.
    """

    facts: Mapping[str, str]
    evaluation: Evaluation
    attributes: tuple[AttributeResult, ...]
    attention: tuple[AttentionOverlays, ...]
    history: tuple[Mapping[str, float], ...]
    seed: int
    reliability: Mapping[str, Calibration] = field(default_factory=dict)
