"""What callers ask."""

from typing import Annotated, Literal

from pydantic import Field

from fashionsdk.service.schemas._fields import (
    MOST_WEIGHT,
    Box,
    Key,
    Keys,
    Name,
    Names,
    Photo,
    Question,
    Values,
    Weights,
)

MOST_SCORE = 1000 * MOST_WEIGHT  # of as many weights as there may be


class PhotoRequest(Question):
    """One photo, or a garment of it."""

    photo: Photo
    box: Box | None = Field(None, description="left, top, right, bottom in pixels of the upright photo: this garment")


class EmbedRequest(PhotoRequest):
    """Whose embeddings are wanted."""

    attributes: Names | None = Field(None, description="all without it")


class PredictRequest(PhotoRequest):
    """Whose values are wanted."""

    attributes: Names | None = Field(None, description="all that the model tells values of apart without it")
    unknown_below: float = Field(0.0, ge=0, le=1, description="a value less probable than this is unknown")


class AttentionRequest(PhotoRequest):
    """Where the model looks for one attribute."""

    attribute: Name
    side: int = Field(448, ge=32, le=1024, description="longer side of the picture in pixels")


class ExampleRequest(Question):
    """What answers shall be like, or with negative weights stay away from: a photo, an item or values."""

    photo: Photo | None = None
    box: Box | None = None
    key: Key | None = None
    value: Values | None = None
    by: Weights | None = None


class SearchRequest(Question):
    """A search by a photo, an item's key, values, or several examples."""

    photo: Photo | None = None
    box: Box | None = None
    key: Key | None = None
    value: Values | None = Field(None, description="attribute -> value that answers shall show, without a photo")
    examples: Annotated[list[ExampleRequest], Field(min_length=1, max_length=16)] | None = None
    by: Weights | None = Field(None, description="attribute -> weight, negative to stay away; one name alone counts 1")
    change: Values | None = Field(None, description="attribute -> value: like the photo or item, but with these")
    k: int = Field(10, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=1000)
    where: str | None = Field(None, max_length=10_000, description="a condition such as price <= 50 and brand = 'Zara'")
    require: Literal["any", "all"] = "any"
    least: Annotated[float, Field(ge=-MOST_SCORE, le=MOST_SCORE)] | None = None
    group_by: Name | None = None
    exclude: Keys | None = None
    exclude_self: bool = False
    exclude_same: Name | None = None
    own: Key | None = Field(None, description="the key of the item that the photo is of")


class RerankRequest(PhotoRequest):
    """Another search's results, to be put in order of one attribute."""

    keys: Keys
    attribute: Name
    k: int | None = Field(None, ge=1, le=10_000)
    unknown: Literal["raise", "skip"] = "raise"
