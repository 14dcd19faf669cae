"""``fashionsdk gallery extend``: the vectors of a new attribute for the items of a gallery."""

import argparse
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from fashionsdk._tools.progress import progress_bar
from fashionsdk.cli._options import (
    Help,
    Subparsers,
    add_embedder_options,
    add_plain_command,
    load_embedder,
)
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import STORE_HELP, add_store_argument, changing, contract_of, open_to_read, shown_address
from fashionsdk.errors import FashionSDKError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashionsdk.embedding import Embedder

HELP = Help(
    name="extend",
    summary="give a gallery's items the vectors of a new attribute",
    description="""\
Copy a gallery into another store, with the vectors of the attributes that training/add_attribute.py has added to its
model since. Only these are embedded, from the photos that the keys name. The other vectors are copied bit for bit. An
item whose photo cannot be read lacks the new attributes.

A run that was interrupted goes on when it is started again.""",
    examples="""\
  fashionsdk gallery extend shop/ shop-with-lapels/ --bundle bundle-with-lapels/
  fashionsdk gallery extend shop/ shop-with-lapels/ --bundle bundle-with-lapels/ --root /photos""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser, "store", f"the one to extend. {STORE_HELP}")
    add_store_argument(parser, "to", "the one to make")
    parser.add_argument(
        "--root", default="", metavar="DIR", help="folder that the keys are paths in (default: this one)"
    )
    add_embedder_options(parser, "model with the new attribute")


def run(args: argparse.Namespace) -> int:
    """Copy the items that are missing, with the new vectors."""
    from fashionsdk.search import check_extends, extend_items
    from fashionsdk.search.stores import same_place

    if same_place(args.store, args.to):
        raise FashionSDKError(f"{shown_address(args.store)} is given twice; expected another store to make")
    read = written = 0
    lacking: list[str] = []
    with load_embedder(args) as embedder, open_to_read(args.store) as source:
        contract = contract_of(embedder, source.contract.codec)
        names = check_extends(source.contract, contract, embedder.bundle.manifest.extends)
        with changing(args.to, contract, source.contract.codec) as target:
            with progress_bar(None, "extending", len(source), "item") as bar:
                for some, new, missing in extend_items(source, target, partial(_vectors, embedder, names, args.root)):
                    read, written, lacking = read + some, written + new, lacking + missing
                    bar.update(some)
            count = len(target)
    place = shown_address(args.to)
    note(f"{written} of {read} items got {', '.join(names)}; {place} holds {count}")
    if lacking:
        note(f"{len(lacking)} items lack {', '.join(names)}, for their photos cannot be read, such as {lacking[0]}")
    if args.json:
        print_json({"to": place, "attributes": names, "written": written, "items": count, "lacking": lacking})
    return 0


def _vectors(
    embedder: "Embedder", names: Sequence[str], root: str, keys: Sequence[str]
) -> "list[Mapping[str, NDArray[np.float32]] | None]":
    """Return the vectors of some attributes of the photos that keys name, None for one that cannot be read."""
    items = embedder.embed_many([os.path.join(root, key) for key in keys], names, on_error="skip")
    found = [item.embeddings for item in items]
    return [None if each is None else {name: each[name][0] for name in names} for each in found]
