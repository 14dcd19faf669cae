"""Reads the labelled photos that a command evaluates on."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk.cli._options import chosen_attributes, nonblank
from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.labels import Boxes, Labels, LabelSource, RetrievalSplit, Split

HOW_QUERIES_ARE_CHOSEN = """\
Queries and candidates are those of the index files query_SPLIT.txt and candidate_SPLIT.txt, if there are any. Else
they are those of the table's column 'role'. Without it, of each value's photos, in table order, every fifth from the
first is a query, and the rest are candidates. With a column 'product', candidates of the query's own product are left
out of its ranking."""


def load_split(args: argparse.Namespace, source: "LabelSource") -> "RetrievalSplit":
    """Return the split of the command line; name on stderr the attributes without a query, and those of one value.

    Raises:
        LabelsError: the table is invalid, there is no query at all, or no attribute has two values.
        ValueError: an attribute is unknown.
    """
    from fashionsdk.evaluation import one_valued

    split = source.retrieval(args.split).select(args.attribute)
    queried = set(split.queries[:, 1].tolist())
    names = [attribute.name for attribute in split.attributes]
    missing = [name for i, name in enumerate(names) if i not in queried and name in (args.attribute or names)]
    if not queried:
        raise LabelsError(f"{args.data}: no query for {', '.join(missing)} in split {args.split!r}")
    if missing:
        note(f"no query for: {', '.join(missing)}")
    if alike := one_valued(split):
        note(f"one value in split {args.split!r}, so not part of the mean: {', '.join(alike)}")
    if len(alike) == len(queried):
        raise LabelsError(f"{args.data}: no attribute has two values in split {args.split!r}; expected at least one")
    if split.products:
        note(f"{split.product_count:,} products: candidates of a query's own are left out of its ranking")
    return split


def data_files(args: argparse.Namespace, split: "Labels | RetrievalSplit") -> list[str]:
    """Return the split's label table and its photos."""
    from fashionsdk.labels import table_path

    return [str(table_path(args.data) or args.data), *map(str, split.paths)]


def add_boxes_option(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add where in the photos each attribute is decided."""
    parser.add_argument(
        "--boxes", required=required, type=nonblank, metavar="BOXES", help="CSV file of the attributes' boxes"
    )


def load_boxes(args: argparse.Namespace, split: "Split", source: "LabelSource") -> "Boxes":
    """Read the boxes of a split's photos, of the attributes that the command line asks for; the split is of ``source``.

    Raises:
        LabelsError: the file is damaged or has no such box, or the split's photos are garments that were cut out.
        ValueError: an attribute is unknown.
    """
    from fashionsdk.labels import chosen_boxes, read_boxes

    split.check_whole("pointing")
    names = chosen_attributes(args, split.attributes)
    every = read_boxes(args.boxes, split, elsewhere=source.images)
    return chosen_boxes(every, names, f"{args.boxes}: no box of {', '.join(names)} in split {args.split!r}")
