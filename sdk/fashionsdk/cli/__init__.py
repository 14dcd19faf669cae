"""The ``fashionsdk`` command. Each subcommand is a module; what it needs is imported when it runs."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from fashionsdk.cli import check, embed, evaluate, index, report, search
from fashionsdk.cli.output import printable
from fashionsdk.errors import FashionSDKError

__all__ = ["main"]

COMMANDS = (embed, index, search, check, evaluate, report)
FAILED, USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141  # the last two as a shell reports SIGINT and SIGPIPE

EPILOG = """\
exit codes:
  0  done
  1  the command failed: a file, a device, a damaged bundle; for 'check', parity failed
  2  the command line is wrong
  130  interrupted (Ctrl-C)

A bundle is the folder that export/build_engine.py writes. Start with 'fashionsdk check BUNDLE'."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: the process's own) and return the exit code.

    Raises:
        SystemExit: after ``--help``, or with code 2 when the arguments cannot be parsed.
    """
    args = _parser().parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _fail(args, INTERRUPTED, "interrupted")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains again at exit
        return BROKEN_PIPE
    except (FashionSDKError, OSError) as error:
        return _fail(args, FAILED, f"error: {error}")
    except ValueError as error:
        return _fail(args, USAGE, f"error: {error}")
    except Exception as error:
        return _fail(
            args, FAILED, f"error: {type(error).__name__}: {error}; unexpected, so report it with --debug's output"
        )
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fashionsdk",
        description="Attribute-specific fashion retrieval: find items with the same neckline, sleeve or colour.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(subparsers)
    return parser


def _fail(args: argparse.Namespace, status: int, message: str) -> int:
    if args.debug:
        traceback.print_exc()
    print(f"fashionsdk: {printable(message)}", file=sys.stderr)
    return status
