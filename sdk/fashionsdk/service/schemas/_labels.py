"""Labels that people check."""

from typing import Annotated, Literal

from pydantic import Field

from fashionsdk.service.schemas._answers import Answer
from fashionsdk.service.schemas._fields import Question


class LabelValues(Answer):
    """An attribute of the label table, and the values that its labels may have."""

    name: str
    values: list[str]


class LabelCount(Answer):
    """How many questions of a kind there are, and how many are decided."""

    kind: Literal["suspect", "unlabelled"]
    count: int
    decided: int


class LabelState(Answer):
    """How far the checking has come. The header ``ETag`` says of which state of the corrections this is."""

    attributes: list[LabelValues]
    progress: list[LabelCount]
    writable: bool


class LabelToCheck(Answer):
    """A label to confirm or correct; ``decided`` is null while nobody has, and "" for no label."""

    question: int
    photo: int
    name: str
    attribute: str
    label: str
    suggestion: str
    probability: float | None
    doubt: float | None
    decided: str | None


class LabelPage(Answer):
    """Some of the labels to check."""

    count: int
    questions: list[LabelToCheck]
    next_offset: int | None


class LabelDecision(Question):
    """What a label is: one of its attribute's values, "" for no label, null for undecided again."""

    question: Annotated[int, Field(ge=0, le=100_000_000)]
    correct: Annotated[str, Field(max_length=1000)] | None


class DecideRequest(Question):
    """Decisions to write, all or none."""

    decisions: Annotated[list[LabelDecision], Field(min_length=1, max_length=1000)]
