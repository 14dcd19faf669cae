"""The ``fashionsdk`` command. Each subcommand is a module, which imports what it needs when it runs."""

import argparse
import sys
from collections.abc import Sequence

from fashionsdk._tools.options_once import CommandParser
from fashionsdk.cli._guard import USAGE, guarded
from fashionsdk.cli._output import accept_any_text
from fashionsdk.cli.commands import COMMANDS

EPILOG = """\
exit codes:
  0  done
  1  the command failed: a file, a device, a damaged bundle; for 'check', the answers differ
  2  the command line is wrong
  130  interrupted (Ctrl-C)

A bundle is the folder that export/build_engine.py writes. Start with 'fashionsdk check BUNDLE'."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's own) and return the exit code.

    Raises:
        SystemExit: after ``--help`` or ``--version``, or with code 2 when the arguments cannot be parsed.
    """
    accept_any_text()
    parser = _parser()
    args = parser.parse_args(argv)
    if not hasattr(args, "run"):  # no command: list them, and exit as after any wrong command line
        parser.print_help(sys.stderr)
        return USAGE
    return guarded("fashionsdk", lambda: int(args.run(args)), debug=args.debug)


class _Version(argparse.Action):
    """Prints the version. argparse's own action would look it up in every run."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import fashionsdk

        print(f"fashionsdk {fashionsdk.__version__}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="fashionsdk",
        description="Attribute-specific fashion retrieval: find items with the same neckline, sleeve or colour.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_Version, nargs=0, default=argparse.SUPPRESS, help="print the version and exit"
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        command.register(subparsers)
    return parser
