"""What a report shows. Pictures are ``data:`` addresses; everything else is plain text and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.evaluation import Evaluation


@dataclass(frozen=True)
class Neighbour:
    """One item found for a query: its picture, its value, whether that is the query's, and the cosine."""

    picture: str
    value: str
    right: bool
    score: float


@dataclass(frozen=True)
class Query:
    """One query with what was found for it, best first; ``attention`` is None for a model without."""

    picture: str
    attention: str | None
    value: str
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True)
class Gaze:
    """Where the model looks in one photo.

    Attributes:
        picture: the photo.
        attention: attribute -> a picture of where the model looked, and the photo's value, None without a label.
        caption: what the photo is called.
    """

    picture: str
    attention: Mapping[str, tuple[str, str | None]]
    caption: str = "photo"


@dataclass(frozen=True, eq=False)
class EmbeddingMap:
    """One attribute's embeddings in the plane.

    Attributes:
        points: float64 ``(N, 2)``, 0 to 1.
        values: each point's value.
        pictures: each point's photo, to be drawn in place of a dot; or empty.
    """

    points: NDArray[np.float64]
    values: tuple[str, ...]
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class AttributeResult:
    """What is shown for one attribute; ``embedding_map`` is None when too few items have it."""

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
        gazes: a few photos with the attention of every attribute; empty for a model without attention.
        history: the training, a row an epoch; may be empty.
        seed: what the photos shown were drawn with.
    """

    facts: Mapping[str, str]
    evaluation: Evaluation
    attributes: tuple[AttributeResult, ...]
    gazes: tuple[Gaze, ...]
    history: tuple[Mapping[str, float], ...]
    seed: int
