"""What commands that compare a photo with a gallery share: their arguments and their answer."""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from fashionsdk._tools.printable_text import printable
from fashionsdk.cli._options import nonblank, positive
from fashionsdk.cli._output import print_answer, print_json

if TYPE_CHECKING:
    from fashionsdk.search import Match, Matcher, Matches


def add_query_arguments(parser: argparse.ArgumentParser, *, k: int | None, photo: bool = True) -> None:
    """Add the gallery, the photo, which may be missing unless ``photo``, and K, how many items to return; None: all."""
    parser.add_argument(
        "gallery",
        type=nonblank,
        metavar="GALLERY",
        help="file or folder that 'fashionsdk index' or 'fashionsdk gallery add' made with the same model",
    )
    parser.add_argument(
        "photo",
        nargs=None if photo else "?",
        type=nonblank,
        metavar="PHOTO",
        help="the photo to compare" + ("" if photo else "; none is needed with --value"),
    )
    parser.add_argument(
        "-k",
        type=positive,
        default=k,
        metavar="K",
        help=f"number of items to print (default: {'all' if k is None else k})",
    )


def add_attribute_option(parser: argparse.ArgumentParser) -> None:
    """Add the attribute to compare by."""
    parser.add_argument(
        "--attribute", metavar="NAME", help="attribute to compare by; required unless the gallery has only one"
    )


def chosen_attribute(args: argparse.Namespace, matcher: "Matcher") -> str:
    """Return the attribute to compare by.

    Raises:
        ValueError: the attribute is unknown, or none is given and the gallery has several.
    """
    from fashionsdk.attributes import select

    if args.attribute is None and len(matcher.attributes) > 1:
        raise ValueError(f"no --attribute to compare by; expected one of {', '.join(matcher.attributes)}")
    (position,) = select(matcher.attributes, args.attribute)
    return matcher.attributes[position]


def print_matches(args: argparse.Namespace, matches: "Matches", model: str, **more: object) -> None:
    """Print one query's matches as a table, or as JSON with ``more`` entries."""
    rows = matches[0]
    if args.json:
        found = [asdict(match) for match in rows]
        print_json({"photo": args.photo, "attribute": matches.attribute, "model": model, "matches": found, **more})
    else:
        print_answer("\n".join(_table(rows, list(matches.by_attribute))))


def _table(rows: Sequence["Match"], attributes: Sequence[str]) -> Iterator[str]:
    """Yield a head and a line for each match, with a column for each attribute, if several, and field of metadata."""
    attributes = attributes if len(attributes) > 1 else []
    names = list(dict.fromkeys(name for match in rows for name in match.metadata))
    cells = [["key", *map(printable, [*attributes, *names])]]
    for match in rows:
        scores = ["" if (score := match.scores[name]) is None else f"{score:.4f}" for name in attributes]
        cells.append([printable(match.key), *scores, *(_cell(match.metadata.get(name, "")) for name in names)])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    starts = ["rank   score", *(f"{rank:>4}  {match.score:>6.4f}" for rank, match in enumerate(rows, 1))]
    for start, row in zip(starts, cells, strict=True):
        yield "  ".join([start, *map(str.ljust, row, widths)]).rstrip()


def _cell(value: object) -> str:
    return printable(value if isinstance(value, str) else json.dumps(value))
