"""``fashionsdk rerank``: a list that another search engine found, put in order of one attribute."""

import argparse
from collections.abc import Container, Iterable, Mapping
from contextlib import ExitStack

from fashionsdk.cli._options import Help, Subparsers, add_command, load_embedder, nonblank
from fashionsdk.cli._output import MOST_NAMED, note, note_skipped
from fashionsdk.cli.galleries import (
    add_attribute_option,
    add_on_unknown_option,
    add_query_arguments,
    chosen_attribute,
    open_to_read,
    print_matches,
    read_key_lines,
)
from fashionsdk.errors import FashionSDKError

HELP = Help(
    name="rerank",
    summary="put another engine's results in order of an attribute",
    description="""\
Put the items that a general search engine found for a photo in order of one attribute.

The list holds one key of the gallery per line. Blank lines are ignored. Scores are those of 'fashionsdk search', and
items of equal score stay in the list's order. The output is that of 'fashionsdk search'.

A key that is not in the gallery, such as a photo that could not be read for the index, is an error unless you pass
--on-unknown skip.""",
    examples="""\
  fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute neckline --keys found.txt
  other-engine dress.jpg | fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute colour --keys - -k 10 --json
  fashionsdk rerank bundle/ shop.gallery dress.jpg --attribute neckline --keys found.txt --on-unknown skip""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, HELP, run)
    add_query_arguments(parser, k=None)
    add_attribute_option(parser)
    parser.add_argument(
        "--keys", required=True, type=nonblank, metavar="FILE", help="list of keys, one per line; - for standard input"
    )
    add_on_unknown_option(parser, "if a key is not in the gallery, name it and go on, or stop (default)")


def run(args: argparse.Namespace) -> int:
    """Embed the photo and print the list in its new order."""
    lines = read_key_lines(args.keys)
    with load_embedder(args) as embedder, ExitStack() as stack:
        matcher = stack.enter_context(open_to_read(args.gallery, embedder))
        attribute = chosen_attribute(args, matcher)
        numbers = _line_numbers(args.keys, lines)
        unknown = _unknown(args.keys, numbers, matcher)
        if unknown and args.on_unknown == "raise":
            raise FashionSDKError(f"{next(iter(unknown.values()))}, or --on-unknown skip")
        known = [key for key in numbers if key not in unknown]
        matches = matcher.rerank(embedder.embed([args.photo], attribute), known, k=args.k)
    _note_unknown(unknown, len(numbers))
    skipped = [{"key": key, "reason": reason} for key, reason in unknown.items()]
    print_matches(args, matches, embedder.model, skipped=skipped)
    return 0


def _line_numbers(path: str, lines: Iterable[str]) -> dict[str, int]:
    """Return each key and the number of its line.

    Raises:
        FashionSDKError: a key is repeated; the message names the lines.
    """
    numbers: dict[str, int] = {}
    for number, key in enumerate(lines, 1):
        if key in numbers:
            raise FashionSDKError(f"{path}, line {number}: {key!r} is on line {numbers[key]} too; expected it once")
        if key:
            numbers[key] = number
    return numbers


def _unknown(path: str, numbers: Mapping[str, int], gallery: Container[str]) -> dict[str, str]:
    """Return the keys that the gallery lacks, each with a message."""
    return {
        key: f"{path}, line {number}: the gallery has no item {key!r}; expected keys as 'fashionsdk search' prints"
        for key, number in numbers.items()
        if key not in gallery
    }


def _note_unknown(unknown: Mapping[str, str], count: int) -> None:
    """Name the skipped keys on stderr."""
    for reason in list(unknown.values())[:MOST_NAMED]:
        note(f"skipped {reason}")
    note_skipped(len(unknown), count, "keys")
