"""Reads ``boxes.csv``: where in a photo each attribute is decided. ``docs/pointing.md`` describes the format."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from fashionsdk.errors import LabelsError
from fashionsdk.labels._csv_reader import read_csv
from fashionsdk.labels._label_types import Split
from fashionsdk.labels.text import clean, found_path

COLUMNS = ("image", "attribute", "left", "top", "right", "bottom")


@dataclass(frozen=True)
class Box:
    """A region of an upright photo: its edges as fractions of the photo's width and height, 0 to 1.

    Raises:
        ValueError: an edge is outside 0 to 1, or the box has no area.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        """Check that the edges enclose a region of a photo."""
        edges = {"left": self.left, "top": self.top, "right": self.right, "bottom": self.bottom}
        for name, edge in edges.items():
            if not 0 <= edge <= 1:  # a NaN compares false, so it is rejected too
                raise ValueError(f"{name} is {edge:g}; expected a fraction of the photo, 0 to 1")
        for low, high in (("left", "right"), ("top", "bottom")):
            if edges[low] >= edges[high]:
                raise ValueError(f"{low} is {edges[low]:g} and {high} {edges[high]:g}; expected {low} below {high}")


Boxes: TypeAlias = Mapping[int, Mapping[str, Box]]


def read_boxes(path: str | Path, labels: Split, *, elsewhere: Collection[str] = ()) -> Boxes:
    """Return the boxes of one split's photos: index into ``labels.images`` -> attribute's name -> box.

    Photos without a box are left out.

    Args:
        path: the CSV file.
        labels: the split with its photos and attributes.
        elsewhere: images of other splits. Their rows are checked and left out.

    Raises:
        LabelsError: as `read_csv`, the columns are others, no box is in a photo of this split, or a row has an
            unknown image or attribute, an invalid box, or the image and attribute of an earlier row.
    """
    table = read_csv(path)
    if table.columns != COLUMNS:
        raise table.column_error("wrong columns", ",".join(COLUMNS))
    rows = [(line, _cells(labels.root, cells)) for line, cells in table.rows]
    positions = {image: index for index, image in enumerate(labels.images)}
    names = [attribute.name for attribute in labels.attributes]
    boxes: dict[int, dict[str, Box]] = {}
    for line, (image, name, *edges) in rows:
        try:
            box = _box(edges)
            _check_known(image, name, names, known=image in positions or image in elsewhere)
        except ValueError as error:
            raise table.line_error(line, error) from error
        if image in positions:
            boxes.setdefault(positions[image], {})[name] = box
    table.check_once((line, f"a box of {name!r} in {image!r}") for line, (image, name, *_) in rows)
    if not boxes:
        raise LabelsError(f"{path}: none of its {len(rows)} boxes is in a photo of this split; expected at least one")
    return boxes


def chosen_boxes(boxes: Boxes, names: Collection[str], problem: str) -> Boxes:
    """Return the boxes of some attributes. Photos without one are left out.

    Raises:
        LabelsError: there is none; ``problem`` says so in words.
    """
    chosen = {photo: {name: box for name, box in boxed.items() if name in names} for photo, boxed in boxes.items()}
    if not any(chosen.values()):
        raise LabelsError(f"{problem}; expected at least one")
    return {photo: boxed for photo, boxed in chosen.items() if boxed}


def _cells(root: Path, cells: Sequence[str]) -> list[str]:
    """Return a row's cells: its image as the label table has it, its attribute as that table's column."""
    image, name, *edges = cells
    return [found_path(root, image.strip()), clean(name), *map(str.strip, edges)]


def _box(edges: Sequence[str]) -> Box:
    return Box(*map(_number, COLUMNS[2:], edges))


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; expected a number from 0 to 1") from None


def _check_known(image: str, name: str, names: Collection[str], *, known: bool) -> None:
    if not known:
        raise ValueError(f"the table has no image {image!r}; expected a path as in its column 'image'")
    if name not in names:
        raise ValueError(f"unknown attribute {name!r}; the table has {', '.join(names)}")
