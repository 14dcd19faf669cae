"""What commands that compare a photo with a gallery share: their arguments and their answer."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fashionsdk._tools.printable_text import printable
from fashionsdk.cli._options import nonblank, positive
from fashionsdk.cli._output import print_answer, print_json

if TYPE_CHECKING:
    from fashionsdk.embedding import Embedder
    from fashionsdk.search import Matcher, Matches


def add_query_arguments(parser: argparse.ArgumentParser, *, k: int | None) -> None:
    """Add the gallery, the photo, the attribute, and K, the number of items to return; None for all."""
    parser.add_argument(
        "gallery", type=nonblank, metavar="GALLERY", help="file that 'fashionsdk index' wrote with the same bundle"
    )
    parser.add_argument("photo", type=nonblank, metavar="PHOTO", help="the photo to compare")
    parser.add_argument(
        "--attribute", metavar="NAME", help="attribute to compare by; required unless the gallery has only one"
    )
    parser.add_argument(
        "-k",
        type=positive,
        default=k,
        metavar="K",
        help=f"number of items to print (default: {'all' if k is None else k})",
    )


def load_gallery(args: argparse.Namespace, embedder: "Embedder") -> tuple["Matcher", str]:
    """Return the gallery, which the embedder's model made, and the attribute to compare by.

    Raises:
        GalleryError: the gallery is missing, damaged, or another model's.
        ValueError: the attribute is unknown, or none is given and the gallery has several.
    """
    from fashionsdk.attributes import select
    from fashionsdk.search import Matcher

    matcher = Matcher.load(args.gallery, model=embedder.model)
    if args.attribute is None and len(matcher.attributes) > 1:
        raise ValueError(f"no --attribute given; expected one of {', '.join(matcher.attributes)}")
    (position,) = select(matcher.attributes, args.attribute)
    return matcher, matcher.attributes[position]


def print_matches(args: argparse.Namespace, matches: "Matches", model: str, **more: object) -> None:
    """Print one query's matches as a table, or as JSON with ``more`` entries."""
    rows = list(zip(matches.scores[0].tolist(), matches.keys[0], matches.metadata[0], strict=True))
    if args.json:
        found = [{"key": key, "score": score, "metadata": metadata} for score, key, metadata in rows]
        print_json({"photo": args.photo, "attribute": matches.attribute, "model": model, "matches": found, **more})
    else:
        print_answer("\n".join(_table(rows)))


def _table(rows: Sequence[tuple[float, str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield a head and a line for each match, with a column for each key of the matches' metadata."""
    names = list(dict.fromkeys(name for *_, metadata in rows for name in metadata))
    cells = [["key", *map(printable, names)]]
    cells += [[printable(key), *(_cell(metadata.get(name, "")) for name in names)] for _, key, metadata in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    starts = ["rank   score", *(f"{rank:>4}  {score:>6.4f}" for rank, (score, *_) in enumerate(rows, 1))]
    for start, row in zip(starts, cells, strict=True):
        yield "  ".join([start, *map(str.ljust, row, widths)]).rstrip()


def _cell(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))
