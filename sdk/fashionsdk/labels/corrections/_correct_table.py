"""Applies corrections to a label table, and to index files beside it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.listed import listed
from fashionsdk.labels._label_table import LabelTable
from fashionsdk.labels._label_types import RetrievalSplit
from fashionsdk.labels.corrections._correction_rows import Correction, Corrections
from fashionsdk.labels.text import found_path, same_path

MOST_NAMED = 12  # values in one sentence


def correct_table(table: LabelTable, corrections: Corrections) -> LabelTable:
    """Return the table with the labels that a person decided on, and a note of how many changed.

    A photo that stands in several splits is corrected in each. Rows that nobody has decided about change nothing, and
    neither does a file that was applied already.

    Raises:
        LabelsError: an image, an attribute or a value is not the table's, a photo has several garments and the row
            names none, or a label is neither what it was when it was doubted nor the right one. The message names the
            line.
    """
    rows, places, known = [dict(row) for row in table.rows], _places(table), _values(table)
    counts = Counter[str]()
    for row in corrections.decided:
        value = _checked_value(corrections, row, known)
        for place in _checked_places(corrections, row, table, places):
            before = rows[place][row.attribute]
            if row.label not in ("", before) and before != value:
                raise corrections.line_error(
                    row,
                    f"the label of {row.image} was {row.label!r} when this was decided and is {before!r} now; expected "
                    "the table that the corrections were made for",
                )
            counts[_change(before, value)] += 1
            rows[place][row.attribute] = value
    counts["rows not decided"] = len(corrections.rows) - len(corrections.decided)
    return replace(table, rows=tuple(rows), notes=(*table.notes, _note(corrections, counts)))


def _places(table: LabelTable) -> dict[str, list[int]]:
    """Return the rows of each photo."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(table.rows):
        places[same_path(table.root, row["image"])].append(place)
    return places


def _values(table: LabelTable) -> dict[str, tuple[str, ...]]:
    return {attribute.name: attribute.values for attribute in table.attributes()}


def _checked_value(corrections: Corrections, row: Correction, known: Mapping[str, Sequence[str]]) -> str:
    if row.attribute not in known:
        raise corrections.line_error(row, f"unknown attribute {row.attribute!r}; the table has {', '.join(known)}")
    value, values = row.correct or "", known[row.attribute]
    if value and value not in values:
        raise corrections.line_error(
            row,
            f"unknown value {value!r} of {row.attribute}; expected one of {listed(values, MOST_NAMED)}, or - for no "
            "label; a new value needs a photo in the table first",
        )
    return value


def _checked_places(
    corrections: Corrections, row: Correction, table: LabelTable, places: Mapping[str, Sequence[int]]
) -> list[int]:
    """Return the table's rows that a correction is about."""
    found = places.get(same_path(table.root, found_path(table.root, row.image)), ())
    boxes = {table.rows[place].get("box", "") for place in found}
    if not found:
        raise corrections.line_error(row, f"no photo {row.image!r} in {table.path}; expected a path as it stands there")
    if row.box and row.box not in boxes:
        raise corrections.line_error(
            row, f"no box {row.box!r} of {row.image}; the table has {', '.join(map(repr, boxes))}"
        )
    if not row.box and len(boxes) > 1:
        raise corrections.line_error(row, f"{row.image} has {len(boxes)} garments; name one in a column 'box'")
    return [place for place in found if row.box in ("", table.rows[place].get("box", ""))]


def _change(before: str, value: str) -> str:
    if before == value:
        return "as they were"
    return "changed" if before and value else "filled in" if value else "blanked"


def _note(corrections: Corrections, counts: Mapping[str, int]) -> str:
    kinds = ("changed", "filled in", "blanked", "as they were", "rows not decided")
    said = [f"{counts[kind]} {kind}" for kind in kinds if kind == "changed" or counts[kind]]
    return f"labels corrected by {corrections.path}: {', '.join(said)}"


def correct_questions(split: RetrievalSplit, corrections: Corrections) -> RetrievalSplit:
    """Return queries and candidates that index files name, with the labels that a person decided on.

    Photos of other splits are passed over: whether the table has them is for `correct_table` to say.

    Raises:
        LabelsError: the index files lack an attribute or a value; the message names the line.
    """
    numbers = {attribute.name: n for n, attribute in enumerate(split.attributes)}
    images = {same_path(split.root, image): n for n, image in enumerate(split.images)}
    values: dict[tuple[int, int], int] = {}  # image and attribute to value, -1 for none
    for row in corrections.decided:
        image = images.get(same_path(split.root, found_path(split.root, row.image)))
        if image is None:
            continue
        names = () if row.attribute not in numbers else split.attributes[numbers[row.attribute]].values
        if row.attribute not in numbers or (row.correct and row.correct not in names):
            raise corrections.line_error(
                row, f"{row.attribute} {row.correct!r} is not in meta.json of {split.root}; expected one of its values"
            )
        values[image, numbers[row.attribute]] = names.index(row.correct) if row.correct else -1
    queries, candidates = (_with_values(rows, values) for rows in (split.queries, split.candidates))
    return replace(split, queries=queries, candidates=candidates)


def _with_values(rows: NDArray[np.int32], values: Mapping[tuple[int, int], int]) -> NDArray[np.int32]:
    """Return rows ``(L, 3)`` of image, attribute and value with other values; those of -1 are left out."""
    changed = [(image, attribute, values.get((image, attribute), value)) for image, attribute, value in rows.tolist()]
    return np.array([row for row in changed if row[2] >= 0], np.int32).reshape(-1, 3)
