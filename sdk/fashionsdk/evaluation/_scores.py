"""What evaluations return: a score per attribute and one over all, as a table or as JSON values."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

from fashionsdk._tools.printable_text import printable

NAME_WIDTH, COUNT_WIDTH, PERCENT_WIDTH = 20, 8, 7  # characters of a column, at least


@dataclass(frozen=True)
class AttributeScore(ABC):
    """One attribute's score, or the score over all attributes."""

    attribute: str

    @abstractmethod
    def columns(self) -> Mapping[str, float]:
        """Return the table's columns: name -> a count (int) or percent (float)."""


S = TypeVar("S", bound=AttributeScore)


@dataclass(frozen=True)
class Scores(Generic[S]):
    """A score per attribute, and one over all of them."""

    attributes: tuple[S, ...]
    overall: S

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    def table(self) -> str:
        """Return the scores as a text table, one line per attribute, the score over all last.

        Control characters in names are escaped.
        """
        columns = self.overall.columns()
        head = [f"{'attribute':<{NAME_WIDTH}}", *(f"{name:>{_width(name, columns[name])}}" for name in columns)]
        return "\n".join([" ".join(head), *map(_line, (*self.attributes, self.overall))])


def _line(score: AttributeScore) -> str:
    cells = [
        f"{value:>{_width(name, value)}}" if isinstance(value, int) else f"{value:>{_width(name, value)}.2f}"
        for name, value in score.columns().items()
    ]
    return " ".join([f"{printable(score.attribute):<{NAME_WIDTH}}", *cells])


def _width(name: str, value: float) -> int:
    return max(len(name), COUNT_WIDTH if isinstance(value, int) else PERCENT_WIDTH)
