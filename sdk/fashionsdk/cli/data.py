"""From the data options of a command line to the queries and candidates to judge by."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fashionsdk.embedder import Embedder
    from fashionsdk.labels import RetrievalSplit


def read_split(args: argparse.Namespace) -> "RetrievalSplit":
    """Read the split asked for, cut down to the attributes asked for and the photos that they need.

    Raises:
        LabelsError: the table cannot be read, or the split is empty.
        ValueError: the table does not have an attribute.
    """
    from fashionsdk.labels import read_retrieval

    return read_retrieval(args.data, args.split).select(args.attribute)


def check_known(split: "RetrievalSplit", embedder: "Embedder") -> None:
    """Refuse a split that asks for attributes the model does not have, before any photo is embedded.

    Raises:
        ValueError: it does.
    """
    known = [attribute.name for attribute in embedder.attributes]
    asked = {split.attributes[index].name for index in split.queries[:, 1].tolist()}
    if unknown := sorted(asked - set(known)):
        raise ValueError(
            f"the model does not know {', '.join(unknown)}; it knows {', '.join(known)}: "
            "choose with --attribute NAME, once for each"
        )
