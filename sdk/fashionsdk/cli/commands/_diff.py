"""``fashionsdk diff``: whether the vectors of two bundles or galleries compare, and if not, why."""

import argparse
from typing import TYPE_CHECKING

from fashionsdk._tools.printable_text import printable
from fashionsdk.cli._options import Help, Subparsers, add_plain_command, nonblank
from fashionsdk.cli._output import print_answer, print_json
from fashionsdk.cli.galleries import bundle_or_gallery_contract
from fashionsdk.errors import GalleryError

if TYPE_CHECKING:
    from fashionsdk.search import Contract

HELP = Help(
    name="diff",
    summary="say whether two bundles or galleries fit together",
    description="""\
Say whether vectors of A and B compare, each a bundle, a gallery file or a gallery folder, and what differs.

Vectors compare if the same model made them, in the same precision, from photos that became pixels in the same way. What
one side does not know, such as a gallery file its precision, is not compared. Codecs may differ: vectors are converted.

The exit code is 0 if they compare, and 1 if they do not.""",
    examples="""\
  fashionsdk diff bundle/ shop.gallery
  fashionsdk diff old.gallery shop/ --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    for name in ("a", "b"):
        parser.add_argument(name, type=nonblank, metavar=name.upper(), help="a bundle, or a gallery")


def run(args: argparse.Namespace) -> int:
    """Print what both sides are and whether they compare."""
    first, second = bundle_or_gallery_contract(args.a), bundle_or_gallery_contract(args.b)
    theirs = second.parts()
    rows = {name: (part, theirs[name]) for name, part in first.parts().items()}
    reason = _reason(first, second, args.b)
    if args.json:
        parts = {name: {"a": a, "b": b, "same": a == b} for name, (a, b) in rows.items()}
        print_json({"a": args.a, "b": args.b, "compare": reason is None, "reason": reason, "parts": parts})
    else:
        lines = [f"{name:<14}{'same' if a == b else 'differs':<9}{_both(a, b)}" for name, (a, b) in rows.items()]
        verdict = "they compare" if reason is None else f"they do not compare: {reason}"
        print_answer("\n".join([*map(printable, lines), printable(verdict)]))
    return 0 if reason is None else 1


def _both(first: str, second: str) -> str:
    return first if first == second else f"{first} | {second}"


def _reason(first: "Contract", second: "Contract", name: str) -> str | None:
    try:
        first.check(second, what=name, codec=False)
    except GalleryError as error:
        return str(error)
    return None
