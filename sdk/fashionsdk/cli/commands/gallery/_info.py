"""``fashionsdk gallery info``: what a gallery holds."""

import argparse

from fashionsdk.cli._options import Help, Subparsers, add_plain_command
from fashionsdk.cli._output import print_answer, print_json
from fashionsdk.cli.galleries import add_store_argument, open_to_read, shown_address

HELP = Help(
    name="info",
    summary="say what a gallery holds",
    description="Print how many items a gallery holds, what their vectors come from, and how they are kept.",
    examples="""\
  fashionsdk gallery info shop.gallery
  fashionsdk gallery info shop/ --json""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    add_store_argument(add_plain_command(subparsers, HELP, run))


def run(args: argparse.Namespace) -> int:
    """Print the answer."""
    with open_to_read(args.store) as matcher:
        contract = matcher.contract
        answer = {
            "store": shown_address(args.store),
            "items": len(matcher),
            "model": contract.digest,
            "attributes": dict(contract.dimensions),
            "codec": contract.codec,
            "precision": contract.precision,
            "preprocessing": contract.preprocessing,
            **matcher.details(),
        }
    if args.json:
        print_json(answer)
        return 0
    names = ", ".join(f"{name} {length}" for name, length in contract.dimensions.items())
    lines = {**answer, "attributes": names}
    print_answer("\n".join(f"{name:<14} {'unknown' if value is None else value}" for name, value in lines.items()))
    return 0
