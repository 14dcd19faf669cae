"""The labelled photos that a command judges by."""

import argparse
import os
from typing import TYPE_CHECKING

from fashionsdk.cli._output import note
from fashionsdk.errors import LabelsError

if TYPE_CHECKING:
    from fashionsdk.labels import Labels, RetrievalSplit

HOW_QUERIES_ARE_CHOSEN = """\
Queries are the index files' query_ and candidate_ lists where there are some, else what the table's column 'role'
says, else of each value's photos, in table order, every fifth from the first; the rest are candidates."""


def load_split(args: argparse.Namespace) -> "RetrievalSplit":
    """Read the split of the command line, and say on stderr which attributes nothing asks for.

    Raises:
        LabelsError: the table does not say what it must, or there is no query at all.
        ValueError: an attribute is unknown.
    """
    from fashionsdk.labels import read_retrieval

    split = read_retrieval(args.data, args.split).select(args.attribute)
    asked = set(split.queries[:, 1].tolist())
    names = [attribute.name for attribute in split.attributes]
    silent = [name for i, name in enumerate(names) if i not in asked and name in (args.attribute or names)]
    if not asked:
        raise LabelsError(f"{args.data}: no query for {', '.join(silent)} in split {args.split!r}")
    if silent:
        note(f"no query for: {', '.join(silent)}")
    return split


def data_files(args: argparse.Namespace, split: "Labels | RetrievalSplit") -> list[str]:
    """Return the files that the split was read from, and its photos."""
    return [args.data, os.path.join(args.data, "labels.csv"), *map(str, split.paths)]
