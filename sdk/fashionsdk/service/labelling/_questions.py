"""What is asked of people: labels that seem wrong, and photos without a label."""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from fashionsdk.errors import LabelsError
from fashionsdk.labels import Correction, Corrections, LabelSource, LabelTable, read_corrections
from fashionsdk.labels.text import found_path, same_path
from fashionsdk.photos import Cutout, ImageSource

Kind: TypeAlias = Literal["suspect", "unlabelled"]
KINDS: tuple[Kind, ...] = ("suspect", "unlabelled")
Cell: TypeAlias = tuple[str, str, str]  # a photo's place on the disk, its garment's box, and the attribute


@dataclass(frozen=True)
class LabelSettings:
    """The files of a service where labels are checked.

    Attributes:
        table: the label table, in any format.
        corrections: the file that decisions are written to, in the form of ``docs/label-format.md``. One that is there
            is gone on with.
        suspects: labels that seem wrong, in the same form; ``None`` for none.
    """

    table: Path
    corrections: Path
    suspects: Path | None = None


@dataclass(frozen=True)
class LabelQuestion:
    """A label to confirm or correct.

    Attributes:
        number: its place among all questions.
        kind: whether the label seems wrong, or there is none.
        photo: the row of the table that has the photo.
        image: the photo, as the table names it.
        box: the garment's box as the table has it, "" for the whole photo.
        attribute: which label.
        label: what the table says, "" for nothing.
        suggestion: what seems right, "" if nothing is known.
        doubt: how surely the label is wrong, 0 to 1; ``None`` if nothing has judged it.
    """

    number: int
    kind: Kind
    photo: int
    image: str
    box: str
    attribute: str
    label: str
    suggestion: str = ""
    doubt: float | None = None


class LabelQuestions:
    """The questions about a label table: suspects in their file's order, then blank cells in the table's.

    Args:
        settings: the files.

    Raises:
        LabelsError: a file cannot be read, or a suspect is not of the table; the message names the line.
    """

    def __init__(self, settings: LabelSettings) -> None:
        table = LabelSource.open(settings.table, splits=False).table
        if table is None:
            raise LabelsError(f"{settings.table}: index files name no columns; expected a label table")
        self.table: LabelTable = table
        self.values: Mapping[str, Sequence[str]] = {each.name: each.values for each in table.attributes()}
        self._places = {photo: rows[0] for photo, rows in table.places().items()}  # one in several splits: once
        suspects = [] if settings.suspects is None else list(self._suspects(read_corrections(settings.suspects)))
        blanks = self._blanks(len(suspects), {cell for cell, _ in suspects})
        cells = [*suspects, *blanks]
        self.all = tuple(question for _, question in cells)
        self.numbers = {cell: question.number for cell, question in cells}

    def cell_of(self, about: LabelQuestion | Correction) -> Cell:
        """Return which label of the table a question or a correction is about."""
        root = self.table.root
        return same_path(root, found_path(root, about.image)), about.box, about.attribute

    def photo(self, number: int) -> ImageSource | None:
        """Return the photo of one of the table's rows; ``None`` if it has no such row."""
        if not 0 <= number < len(self.table.rows):
            return None
        row = self.table.rows[number]
        (box,) = LabelTable.boxes([row]) or (None,)
        path = self.table.root / row["image"]
        return path if box is None else Cutout(path, box)

    def _suspects(self, suspects: Corrections) -> Iterator[tuple[Cell, LabelQuestion]]:
        for number, row in enumerate(suspects.rows):
            cell = self.cell_of(row)
            place = self._places.get(cell[:2])
            if place is None:
                raise suspects.line_error(row, f"no photo {row.image!r} in {self.table.path}; expected one of its rows")
            if row.attribute not in self.values:
                names = ", ".join(self.values)
                raise suspects.line_error(row, f"unknown attribute {row.attribute!r}; the table has {names}")
            label = self.table.rows[place][row.attribute]
            about = (row.image, row.box, row.attribute, label, row.suggestion, row.doubt)
            yield cell, LabelQuestion(number, "suspect", place, *about)

    def _blanks(self, first: int, asked: Collection[Cell]) -> Iterator[tuple[Cell, LabelQuestion]]:
        numbers = itertools.count(first)
        for photo, place in self._places.items():
            row = self.table.rows[place]
            for name, values in self.values.items():
                if not row[name] and values and (*photo, name) not in asked:
                    about = (row["image"], photo[1], name, "")
                    yield (*photo, name), LabelQuestion(next(numbers), "unlabelled", place, *about)
