"""``fashionsdk rerank``: a list that another search engine found, put in order of one attribute."""

import argparse
import sys
from collections.abc import Container, Iterable
from pathlib import Path

from fashionsdk.cli.matches import add_query_arguments, load_gallery, print_matches
from fashionsdk.cli.options import Subparsers, add_command, filled
from fashionsdk.errors import FashionSDKError

STDIN = "-"

DESCRIPTION = """\
Put the items that a general search engine found for a photo in order of one attribute.

The list holds a gallery's key on each line; blank lines are left out. Scores are those of 'fashionsdk search', and
items of equal score keep the list's order. Prints what 'fashionsdk search' prints."""

EXAMPLES = """\
  fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute neckline --keys found.txt
  other-engine dress.jpg | fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute colour --keys - -k 10 --json"""


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        subparsers,
        "rerank",
        run,
        summary="put another engine's results in order of an attribute",
        description=DESCRIPTION,
        examples=EXAMPLES,
    )
    add_query_arguments(parser, k=None)
    parser.add_argument(
        "--keys", required=True, type=filled, metavar="FILE", help="list of keys, one a line; - for standard input"
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print the list in its new order."""
    lines = _lines(args.keys)
    embedder, matcher, attribute = load_gallery(args)
    keys = _keys(args.keys, lines, matcher)
    matches = matcher.rerank(embedder.embed([args.photo], attribute), keys, k=args.k)
    print_matches(args, matches, matcher.model)
    return 0


def _lines(path: str) -> list[str]:
    """Return the file's lines; bytes that are not UTF-8 are kept, as in the file names that keys are."""
    data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _keys(path: str, lines: Iterable[str], gallery: Container[str]) -> list[str]:
    """Return the keys of the lines.

    Raises:
        FashionSDKError: a key is unknown or repeated; the message names the line.
    """
    places: dict[str, int] = {}
    for number, key in enumerate(lines, 1):
        if not key:
            continue
        if key not in gallery:
            raise FashionSDKError(
                f"{path}, line {number}: the gallery has no item {key!r}; expected keys as 'fashionsdk search' prints"
            )
        if key in places:
            raise FashionSDKError(f"{path}, line {number}: {key!r} is on line {places[key]} too; expected it once")
        places[key] = number
    return list(places)
