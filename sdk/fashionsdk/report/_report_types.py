"""What pages show. Pictures are ``data:`` addresses; everything else is plain text and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fashionsdk.evaluation import NEARLY, Evaluation, Pointing
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


@dataclass(frozen=True)
class MapTrust:
    """What speaks for and against reading the attention maps.

    Attributes:
        shared: attribute -> the share of its maps, 0 to 1, that is the same in every photo; see `SharedMap`.
        pointing: how often the maps point into boxes; None without boxes.
    """

    shared: Mapping[str, float]
    pointing: Pointing | None = None

    def doubts(self) -> dict[str, str]:
        """Return the attributes whose maps should not be read as evidence, each with the reason.

        Boxes decide where there are some. Without, only maps that are nearly the same in every photo are doubted.
        """
        boxed = () if self.pointing is None else self.pointing.attributes
        measured = {score.attribute for score in boxed}
        beaten = [] if self.pointing is None else self.pointing.doubtful()
        alike = [name for name, share in self.shared.items() if share >= NEARLY and name not in measured]
        return {
            **dict.fromkeys(beaten, "no better than one fixed place"),
            **dict.fromkeys(alike, "nearly the same in every photo"),
        }


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
        trust: how far the attention maps can be trusted; None for a model without attention.
    """

    facts: Mapping[str, str]
    evaluation: Evaluation
    attributes: tuple[AttributeResult, ...]
    attention: tuple[AttentionOverlays, ...]
    history: tuple[Mapping[str, float], ...]
    seed: int
    reliability: Mapping[str, Calibration] = field(default_factory=dict)
    trust: MapTrust | None = None
