"""``fashionsdk rerank``: a list that another search engine found, put in order of one attribute."""

import argparse
import sys
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from fashionsdk.cli._options import Subparsers, add_command, filled
from fashionsdk.cli._output import NAMED, note, note_skipped
from fashionsdk.cli._print_matches import add_query_arguments, load_gallery, print_matches
from fashionsdk.errors import FashionSDKError

STDIN = "-"

DESCRIPTION = """\
Put the items that a general search engine found for a photo in order of one attribute.

The list holds a gallery's key on each line; blank lines are left out. Scores are those of 'fashionsdk search', and
items of equal score keep the list's order. Prints what 'fashionsdk search' prints.

A key that the gallery lacks, such as a photo that could not be read when it was indexed, is an error unless it is to
be skipped."""

EXAMPLES = """\
  fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute neckline --keys found.txt
  other-engine dress.jpg | fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute colour --keys - -k 10 --json
  fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute neckline --keys found.txt --on-unknown skip"""


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
    parser.add_argument(
        "--on-unknown",
        choices=("skip", "raise"),
        default="raise",
        help="a key that the gallery lacks: name it and go on, or stop (default)",
    )


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print the list in its new order."""
    lines = _lines(args.keys)
    embedder, matcher, attribute = load_gallery(args)
    places = _places(args.keys, lines)
    unknown = _unknown(args.keys, places, matcher)
    if unknown and args.on_unknown == "raise":
        raise FashionSDKError(f"{next(iter(unknown.values()))}, or --on-unknown skip")
    known = [key for key in places if key not in unknown]
    matches = matcher.rerank(embedder.embed([args.photo], attribute), known, k=args.k)
    _tell(unknown, len(places))
    skipped = [{"key": key, "reason": reason} for key, reason in unknown.items()]
    print_matches(args, matches, matcher.model, skipped=skipped)
    return 0


def _lines(path: str) -> list[str]:
    """Return the file's lines; bytes that are not UTF-8 are kept, as in the file names that keys are."""
    data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return [line.removesuffix("\r") for line in text.split("\n")]


def _places(path: str, lines: Iterable[str]) -> dict[str, int]:
    """Return the number of each key's line.

    Raises:
        FashionSDKError: a key is repeated; the message names the lines.
    """
    places: dict[str, int] = {}
    for number, key in enumerate(lines, 1):
        if key in places:
            raise FashionSDKError(f"{path}, line {number}: {key!r} is on line {places[key]} too; expected it once")
        if key:
            places[key] = number
    return places


def _unknown(path: str, places: Mapping[str, int], gallery: Container[str]) -> dict[str, str]:
    """Return the keys that the gallery lacks, and what to say of each."""
    return {
        key: f"{path}, line {number}: the gallery has no item {key!r}; expected keys as 'fashionsdk search' prints"
        for key, number in places.items()
        if key not in gallery
    }


def _tell(unknown: Mapping[str, str], count: int) -> None:
    """Name the skipped keys on stderr."""
    for reason in list(unknown.values())[:NAMED]:
        note(f"skipped {reason}")
    note_skipped(len(unknown), count, "keys")
