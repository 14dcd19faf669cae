"""What a label file can say: labels to train on, or queries with candidates to evaluate on."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fashionsdk.attributes import Attribute, select
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.photos import Cutout, PixelBox


@dataclass(frozen=True, eq=False)
class Split:
    """One split's photos, and what every kind of split has.

    Attributes:
        root: folder that the image paths are relative to.
        images: N paths, relative to ``root``.
        attributes: the A attributes with their value names.
        lines: the line of each photo in the table, counted from 1; empty if the split is from no table.
        boxes: the box of each photo's garment in pixels, None for the whole photo; empty if no photo has one.
        products: the product that each photo shows, "" if it is not known; empty if no photo has one.
    """

    root: Path
    images: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    lines: tuple[int, ...] = field(default=(), kw_only=True)
    boxes: tuple["PixelBox | None", ...] = field(default=(), kw_only=True)
    products: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def product_count(self) -> int:
        """How many products the photos are known to show."""
        return len(set(self.products) - {""})

    @property
    def paths(self) -> list[Path]:
        """The N photo files, boxes left aside."""
        return [self.root / image for image in self.images]

    @property
    def sources(self) -> "list[Path | Cutout]":
        """The N photos to read: the whole file, or the garment in its box."""
        if not self.boxes:
            return list(self.paths)
        from fashionsdk.photos import Cutout  # slow, and few tables have boxes

        pairs = zip(self.paths, self.boxes, strict=True)
        return [path if box is None else Cutout(path, box) for path, box in pairs]

    def check_whole(self, purpose: str) -> None:
        """Check that no photo has a box.

        Raises:
            LabelsError: one has; ``purpose`` names what takes whole photos only.
        """
        boxed = [photo for photo, box in enumerate(self.boxes) if box is not None]
        if boxed:
            raise LabelsError(f"{self.place(boxed[0])} has a box; {purpose} takes whole photos: leave out column 'box'")

    def place(self, photo: int) -> str:
        """Return a photo's path, and its line in the table if it has one, for messages."""
        return f"{self.images[photo]} (line {self.lines[photo]})" if self.lines else self.images[photo]


@dataclass(frozen=True, eq=False)
class Labels(Split):
    """One split's photos and their labels.

    Attributes:
        rows: int32 ``(L, 3)``: image index, attribute index, value index; one row per label.
    """

    rows: NDArray[np.int32]

    def matrix(self) -> NDArray[np.int32]:
        """Return the labels as ``(N, A)``, -1 where there is none; of several values for one cell the first."""
        return _matrix(self, self.rows[::-1])  # reversed: the first row of a cell is written last

    def select(self, attributes: str | Iterable[str] | None) -> "Labels":
        """Return the same photos with the labels of some attributes, in the order given; None for all.

        Raises:
            ValueError: an attribute is unknown, or none is given.
        """
        chosen = select([attribute.name for attribute in self.attributes], attributes)
        position = {old: new for new, old in enumerate(chosen)}
        rows = [(image, position[a], value) for image, a, value in self.rows.tolist() if a in position]
        names = tuple(self.attributes[a] for a in chosen)
        return replace(self, attributes=names, rows=np.array(rows, np.int32).reshape(-1, 3))


@dataclass(frozen=True, eq=False)
class RetrievalSplit(Split):
    """Queries and the candidates they are ranked against, attribute by attribute.

    Attributes:
        queries: int32 ``(Q, 3)``: image index, attribute index, value index.
        candidates: int32 ``(G, 3)``, likewise. A query is ranked against the candidates of its attribute, but for those
            of its own product: to find a garment again is not to find its value.
    """

    queries: NDArray[np.int32]
    candidates: NDArray[np.int32]

    def matrix(self) -> NDArray[np.int32]:
        """Return the labels as ``(N, A)``, -1 where there is none; of several values for one cell the last."""
        return _matrix(self, np.concatenate([self.queries, self.candidates]))

    def select(self, attributes: str | Iterable[str] | None) -> "RetrievalSplit":
        """Return the queries and candidates of some attributes, and only the photos that they need; None for all.

        Raises:
            ValueError: an attribute is unknown, or none is given.
        """
        chosen = select([attribute.name for attribute in self.attributes], attributes)
        queries, candidates = (rows[np.isin(rows[:, 1], chosen)] for rows in (self.queries, self.candidates))
        used = np.unique(np.concatenate([queries[:, 0], candidates[:, 0]]))
        for rows in (queries, candidates):
            rows[:, 0] = np.searchsorted(used, rows[:, 0])
        return replace(
            self,
            images=tuple(self.images[image] for image in used),
            lines=tuple(self.lines[image] for image in used) if self.lines else (),
            boxes=tuple(self.boxes[image] for image in used) if self.boxes else (),
            products=tuple(self.products[image] for image in used) if self.products else (),
            queries=queries,
            candidates=candidates,
        )


def _matrix(split: Split, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return label rows ``(L, 3)`` as ``(N, A)``, -1 where there is none; a later row of a cell counts."""
    values = np.full((len(split.images), len(split.attributes)), -1, np.int32)
    image, attribute, value = rows.T
    values[image, attribute] = value
    return values
