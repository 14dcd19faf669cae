"""``boxes.csv``: where in a photo each attribute is decided; ``docs/pointing.md`` is the format."""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fashionsdk.errors import LabelsError
from fashionsdk.labels._label_types import Labels

COLUMNS = ("image", "attribute", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class Box:
    """A region of a photo, upright as one sees it: its edges as fractions of the photo's width and height, 0 to 1.

    Raises:
        ValueError: an edge is outside 0 to 1, or the box has no area.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        """Refuse what is no region of a photo."""
        edges = {"left": self.left, "top": self.top, "right": self.right, "bottom": self.bottom}
        for name, edge in edges.items():
            if not 0 <= edge <= 1:  # a NaN compares false, so it is refused too
                raise ValueError(f"{name} is {edge:g}; expected a fraction of the photo, 0 to 1")
        for low, high in (("left", "right"), ("top", "bottom")):
            if edges[low] >= edges[high]:
                raise ValueError(f"{low} is {edges[low]:g} and {high} {edges[high]:g}; expected {low} below {high}")


Boxes: TypeAlias = Mapping[int, Mapping[str, Box]]


def read_boxes(path: str | Path, labels: Labels, *, elsewhere: Collection[str] = ()) -> Boxes:
    """Return the boxes of one split's photos: index into ``labels.images`` -> attribute's name -> box.

    Photos without a box are left out.

    Args:
        path: the CSV file.
        labels: the split, which says what photos and attributes there are.
        elsewhere: images of other splits, whose lines are checked and left out.

    Raises:
        LabelsError: the file is missing, is not CSV in UTF-8, has another header, has no box of this split, or a line
            has a wrong number of cells, an unknown image or attribute, a box that is none, or one given before.
    """
    path = Path(path)
    positions = {image: index for index, image in enumerate(labels.images)}
    names = [attribute.name for attribute in labels.attributes]
    boxes: dict[int, dict[str, Box]] = {}
    seen: set[tuple[str, str]] = set()
    for line, cells in _lines(path):
        try:
            image, name, box = _parse(cells)
            _check(image, name, names, seen, known=image in positions or image in elsewhere)
        except ValueError as error:
            raise LabelsError(f"{path}, line {line}: {error}") from error
        if image in positions:
            boxes.setdefault(positions[image], {})[name] = box
    if not boxes:
        raise LabelsError(f"{path}: none of its {len(seen)} boxes is of a photo of this split; expected at least one")
    return boxes


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each line's number and cells; blank lines are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            if tuple(header) != COLUMNS:
                raise LabelsError(
                    f"{path}: its first line is {','.join(header)!r:.200}; expected {','.join(COLUMNS)}, with commas"
                )
            yield from ((reader.line_num, cells) for cells in reader if any(cells))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LabelsError(f"{path}: cannot be read as a CSV table in UTF-8: {error}") from error


def _parse(cells: list[str]) -> tuple[str, str, Box]:
    if len(cells) != len(COLUMNS):
        raise ValueError(f"{len(cells)} cells; expected {len(COLUMNS)}: {','.join(COLUMNS)}")
    image, name, *edges = (cell.strip() for cell in cells)
    return image, name, Box(*map(_number, COLUMNS[2:], edges))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; expected a number from 0 to 1") from None


def _check(image: str, name: str, names: Collection[str], seen: set[tuple[str, str]], *, known: bool) -> None:
    if not known:
        raise ValueError(f"the table has no image {image!r}; expected a path as in its column 'image'")
    if name not in names:
        raise ValueError(f"unknown attribute {name!r}; the table has {', '.join(names)}")
    if (image, name) in seen:
        raise ValueError(f"a box of {name!r} in {image!r} was given before; expected one")
    seen.add((image, name))
