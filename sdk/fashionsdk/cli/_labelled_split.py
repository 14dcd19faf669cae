"""Reads the labelled photos that a command evaluates on."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.labels import Labels, RetrievalSplit

HOW_QUERIES_ARE_CHOSEN = """\
Queries and candidates are those of the index files query_SPLIT.txt and candidate_SPLIT.txt, if there are any. Else
they are those of the table's column 'role'. Without it, of each value's photos, in table order, every fifth from the
first is a query, and the rest are candidates."""


def load_split(args: argparse.Namespace) -> "RetrievalSplit":
    """Read the split of the command line; name on stderr the attributes without a query, and those of one value.

    Raises:
        LabelsError: the table is invalid, there is no query at all, or no attribute has two values.
        ValueError: an attribute is unknown.
    """
    from fashionsdk.evaluation import one_valued
    from fashionsdk.labels import read_retrieval

    split = read_retrieval(args.data, args.split, args.attribute).select(args.attribute)
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
    return split


def data_files(args: argparse.Namespace, split: "Labels | RetrievalSplit") -> list[str]:
    """Return the split's label table and its photos."""
    from fashionsdk.labels import table_path

    return [str(table_path(args.data) or args.data), *map(str, split.paths)]
