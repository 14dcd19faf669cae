"""Finds photos that are both for training and for validation, under whatever name: they would make MAP too good."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from fashionsdk._tools.listed import listed
from fashionsdk.labels import LabelSource, Split
from fashionsdk_training.data.same_bytes import equal_files
from fashionsdk_training.errors import DataError

MOST_NAMED = 5


def check_splits_differ(path: str | Path, train: Split, valid: Split, names: tuple[str, str]) -> None:
    """Check that no photo of ``valid`` is in ``train``: the same path, the same file, or a file with the same bytes.

    Only files of equal size are read, first a block of each. A photo that cannot be read is left to the decoder.

    Args:
        path: the table or folder, for the message.
        train: the photos to train on.
        valid: the photos to validate with.
        names: the two splits' names.

    Raises:
        DataError: a photo is in both. The message names the first few with their lines.
    """
    if both := _shared(train, valid):
        named = listed([f"{train.place(one)} and {valid.place(two)}" for one, two in both], MOST_NAMED, "; ")
        raise DataError(
            f"{path}: {len(both)} photos are in both {names[0]!r} and {names[1]!r}, first {named}: a model that "
            "has seen the answers cannot be evaluated on them; give each photo one split"
        )


def check_products_differ(source: LabelSource) -> None:
    """Check that no product's photos stand in several splits.

    Which photos would have to move is the user's choice: it changes what is evaluated, so nothing is repaired here.

    Raises:
        DataError: a product's do. The message names the first few with their splits.
    """
    spread = {} if source.table is None else source.table.spread_products()
    if spread:
        places = [f"{product!r} in {' and '.join(map(repr, splits))}" for product, splits in spread.items()]
        named = listed(places, MOST_NAMED, "; ")
        raise DataError(
            f"{source.path}: {len(spread)} products have photos in several splits: {named}: a model that has "
            "seen a garment cannot be evaluated on it; give each product one split, or make new splits with "
            "python training/prepare.py TABLE --out labels.csv"
        )


def _shared(train: Split, valid: Split) -> list[tuple[int, int]]:
    """Return for each photo of ``valid`` that is in ``train``: one index into ``train.images``, and its own."""
    paths, trained = [*train.paths, *valid.paths], len(train.images)

    def of_both(group: Sequence[int]) -> bool:
        return min(group) < trained <= max(group)

    pairs: dict[int, int] = {}
    for group in [*filter(of_both, _equal_paths(paths)), *equal_files(paths, of_both)]:
        pairs = {place - trained: min(group) for place in group if place >= trained} | pairs
    return [(first, index) for index, first in sorted(pairs.items())]


def _equal_paths(paths: Sequence[Path]) -> list[list[int]]:
    places: dict[Path, list[int]] = defaultdict(list)
    for place, path in enumerate(paths):
        places[path].append(place)
    return list(places.values())
