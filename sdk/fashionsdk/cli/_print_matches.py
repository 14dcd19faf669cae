"""What commands that compare a photo with a gallery share: their arguments and their answer."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fashionsdk.cli._options import filled, load_embedder, positive
from fashionsdk.cli._output import print_json, printable

if TYPE_CHECKING:
    from fashionsdk.embedding import Embedder
    from fashionsdk.search import Matcher, Matches


def add_query_arguments(parser: argparse.ArgumentParser, *, k: int | None) -> None:
    """Add the gallery, the photo, the attribute, and how many items to return; None means all."""
    parser.add_argument(
        "gallery", type=filled, metavar="GALLERY", help="file that 'fashionsdk index' wrote with the same bundle"
    )
    parser.add_argument("photo", type=filled, metavar="PHOTO", help="the photo to compare")
    parser.add_argument(
        "--attribute", metavar="NAME", help="attribute to compare by; needed unless the gallery has only one"
    )
    parser.add_argument(
        "-k", type=positive, default=k, metavar="K", help=f"how many items (default: {'all' if k is None else k})"
    )


def load_gallery(args: argparse.Namespace) -> tuple["Embedder", "Matcher", str]:
    """Open the bundle and its gallery, and return the attribute to compare by.

    Raises:
        GalleryError: the gallery is missing, damaged, or another model's.
        ValueError: the attribute is unknown, or none is given and the gallery has several.
    """
    from fashionsdk.attributes import select
    from fashionsdk.search import Matcher

    embedder = load_embedder(args)
    matcher = Matcher.load(args.gallery, model=embedder.model)
    if args.attribute is None and len(matcher.attributes) > 1:
        raise ValueError(f"no --attribute given; expected one of {', '.join(matcher.attributes)}")
    (position,) = select(matcher.attributes, args.attribute)
    return embedder, matcher, matcher.attributes[position]


def print_matches(args: argparse.Namespace, matches: "Matches", model: str, **more: object) -> None:
    """Print one query's matches as a table, or as JSON with ``more`` entries."""
    found = list(zip(matches.scores[0].tolist(), matches.keys[0], matches.metadata[0], strict=True))
    if args.json:
        rows = [{"key": key, "score": score, "metadata": metadata} for score, key, metadata in found]
        print_json({"photo": args.photo, "attribute": matches.attribute, "model": model, "matches": rows, **more})
    else:
        print("\n".join(_table(found)))


def _table(found: Sequence[tuple[float, str, Mapping[str, Any]]]) -> Iterator[str]:
    """Yield a head and a line for each match, with a column for each entry that a match's metadata has."""
    names = list(dict.fromkeys(name for *_, metadata in found for name in metadata))
    cells = [["key", *map(printable, names)]]
    cells += [[printable(key), *(_cell(metadata.get(name, "")) for name in names)] for _, key, metadata in found]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    starts = ["rank   score", *(f"{rank:>4}  {score:>6.4f}" for rank, (score, *_) in enumerate(found, 1))]
    for start, row in zip(starts, cells, strict=True):
        yield "  ".join([start, *map(str.ljust, row, widths)]).rstrip()


def _cell(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))
