"""What callers get."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """What all answers are."""

    model_config = ConfigDict(frozen=True)


class Ranked(Answer):
    """One answer of a search.

    ``score`` is the sum over the attributes of weight times cosine; ``scores`` has the cosine of each, or null where
    the item lacks it. ``picture`` says whether the service has a picture of the item.
    """

    key: str
    score: float
    scores: dict[str, float | None]
    metadata: dict[str, Any]
    picture: bool


class Found(Answer):
    """The answers of a search, best first. ``next_offset`` is null where no more can follow."""

    model: str
    attributes: list[str]
    matches: list[Ranked]
    next_offset: int | None
    notes: list[str]


class Embedded(Answer):
    """Unit vectors of one photo, attribute by attribute, to compare with vectors of the same model only."""

    model: str
    embeddings: dict[str, list[float]]


class PredictedValue(Answer):
    """What a photo probably shows of one attribute; ``value`` is null for unknown, or where it does not apply."""

    value: str | None
    probability: float
    probabilities: dict[str, float]
    applies: float
    absent: bool


class Predicted(Answer):
    """What a photo probably shows."""

    model: str
    predictions: dict[str, PredictedValue]


class AttributeInfo(Answer):
    """One attribute: its values as in training, and whether they can be asked for and are predicted."""

    name: str
    values: list[str]
    dimension: int
    predicted: bool


class Attributes(Answer):
    """What the model knows and the gallery can be searched by."""

    model: str
    attention: bool
    attributes: list[AttributeInfo]
    labels: bool = Field(description="whether labels can be checked here")


class ItemAnswer(Answer):
    """A stored item."""

    key: str
    metadata: dict[str, Any]
    lacks: list[str]
    picture: bool


class ItemPage(Answer):
    """Some of the items, in the gallery's order. ``next_offset`` is null at the end."""

    count: int
    items: list[ItemAnswer]
    next_offset: int | None


class Written(Answer):
    """A write that is kept: what was acknowledged survives the service."""

    written: int
    count: int


class Health(Answer):
    """Whether the service can answer."""

    status: Literal["ok"]


class ProblemDetails(Answer):
    """What went wrong, after RFC 9457."""

    model_config = ConfigDict(frozen=True, extra="allow")
    type: str
    title: str
    status: int
    detail: str
    request_id: str
