"""What callers write."""

from typing import Annotated

from pydantic import Field

from fashionsdk.service.schemas._fields import Box, Key, Keys, Metadata, Names, NewKey, Photo, Question


class NewItem(Question):
    """An item to add."""

    key: NewKey
    photo: Photo
    box: Box | None = None
    metadata: Metadata = Field(default_factory=dict)
    lacks: Names = Field(default_factory=list, description="attributes that it does not have, as a skirt no collar")


class PutRequest(Question):
    """The item of a key that is in the path."""

    photo: Photo
    box: Box | None = None
    metadata: Metadata = Field(default_factory=dict)
    lacks: Names = Field(default_factory=list)


class AddRequest(Question):
    """Items to add, all or none."""

    items: Annotated[list[NewItem], Field(min_length=1, max_length=100)]
    replace: bool = Field(False, description="whether items whose keys are stored take the place of those")


class UpdateRequest(Question):
    """Fields of items' metadata to set, all or none; other fields stay."""

    changes: Annotated[dict[Key, Metadata], Field(min_length=1, max_length=1000)]


class RemoveRequest(Question):
    """Items to remove, all or none."""

    keys: Annotated[Keys, Field(min_length=1)]
