"""``fashionsdk gallery export``: a gallery as a file that other programs read."""

import argparse
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from fashionsdk.cli._options import Help, Subparsers, add_out_option, add_plain_command
from fashionsdk.cli._out_file import OutKind, output_path, writing
from fashionsdk.cli._output import note, print_json
from fashionsdk.cli.galleries import add_store_argument, add_where_option, open_to_read, shown_address

if TYPE_CHECKING:
    from fashionsdk.search import Matcher

FIRST = b'{"key": '
HELP = Help(
    name="export",
    summary="write items as JSON lines",
    description="""\
Write the items of a gallery as JSON lines, in the order in which they were added: an object a line with key, metadata,
and the vectors by attribute. An attribute that an item lacks is left out.""",
    examples="""\
  fashionsdk gallery export shop/ --out shop.jsonl
  fashionsdk gallery export shop/ --out cheap.jsonl --where 'price <= 20' --no-vectors""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    add_store_argument(parser)
    add_out_option(parser, "the file to write")
    add_where_option(parser, "write only items whose metadata meet this condition")
    parser.add_argument("--no-vectors", action="store_true", help="write keys and metadata only")


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    kind = OutKind("a file of items in JSON lines", (".jsonl",), lambda file: file.read(len(FIRST)) == FIRST)
    out = output_path(args.out, kind, bundle=args.store, inputs=[args.store])
    with open_to_read(args.store) as matcher, writing(out) as file:
        count = 0
        for line in _lines(args, matcher):
            _write(file, line)
            count += 1
    note(f"wrote {count} items to {out}")
    if args.json:
        print_json({"store": shown_address(args.store), "out": str(out), "items": count})
    return 0


def _lines(args: argparse.Namespace, matcher: "Matcher") -> Iterator[Mapping[str, object]]:
    from fashionsdk.search.query import holds

    if args.no_vectors:
        yield from ({"key": key, "metadata": entry} for key, entry in matcher.entries(args.where))
        return
    for batch in matcher.batches():
        for row, (key, entry) in enumerate(zip(batch.keys, batch.metadata, strict=True)):
            if args.where is None or holds(args.where, entry):
                vectors = {name: rows[row].tolist() for name, rows in batch.vectors.items() if rows[row].any()}
                yield {"key": key, "metadata": entry, "vectors": vectors}


def _write(file: BinaryIO, line: object) -> None:
    file.write(json.dumps(line, allow_nan=False).encode("ascii") + b"\n")
