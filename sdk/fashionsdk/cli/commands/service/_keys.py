"""``fashionsdk keys``: API keys for ``fashionsdk serve``."""

import argparse

from fashionsdk.cli._guard import from_extra
from fashionsdk.cli._options import Help, Subparsers, add_plain_command
from fashionsdk.cli._output import note, print_answer, print_json

HELP = Help(
    name="keys",
    summary="make an API key for 'fashionsdk serve'",
    description="""\
Make an API key. The key itself is shown once, on standard error, for whoever will use it. The line on standard output
goes into the file of --keys. It has the key's hash only, so whoever reads the file cannot use it.

Whoever may write may read. An admin may both, and may have the bundle read again. Take a line out of the file, and its
key is refused from the next second on.""",
    examples="""\
  fashionsdk keys --name shop --scopes read >> keys.txt
  fashionsdk keys --name importer --scopes write --expires 2027-12-31 >> keys.txt""",
)


def register(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_plain_command(subparsers, HELP, run)
    parser.add_argument("--name", required=True, metavar="NAME", help="whose it is, as the log and the audit name it")
    parser.add_argument("--scopes", default="read", help="read, write or admin, or several with commas (default: read)")
    parser.add_argument("--expires", default="", metavar="DATE", help="day from which it is refused, as 2027-12-31")


def run(args: argparse.Namespace) -> int:
    """Make the key, and print it and its line."""
    with from_extra("serve"):
        from fashionsdk.service import hashed, new_key, read_key_lines

    key = new_key()
    line = f"{args.name} {args.scopes} {hashed(key)} {args.expires}".rstrip()
    read_key_lines(line, "the key")  # the mistakes of the options
    if args.json:
        print_json({"key": key, "line": line})
    else:
        note(f"the key of {args.name}, shown only now: {key}")
        print_answer(line)
    return 0
