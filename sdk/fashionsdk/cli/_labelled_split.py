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
    """Read the split of the command line, and name on stderr the attributes without a query.

    Raises:
        LabelsError: the table is invalid, or there is no query at all.
        ValueError: an attribute is unknown.
    """
    from fashionsdk.labels import read_retrieval

    split = read_retrieval(args.data, args.split).select(args.attribute)
    queried = set(split.queries[:, 1].tolist())
    names = [attribute.name for attribute in split.attributes]
    missing = [name for i, name in enumerate(names) if i not in queried and name in (args.attribute or names)]
    if not queried:
        raise LabelsError(f"{args.data}: no query for {', '.join(missing)} in split {args.split!r}")
    if missing:
        note(f"no query for: {', '.join(missing)}")
    return split


def data_files(args: argparse.Namespace, split: "Labels | RetrievalSplit") -> list[str]:
    """Return the split's label table and its photos."""
    from fashionsdk.labels import table_path

    return [str(table_path(args.data) or args.data), *map(str, split.paths)]
