"""The options that commands share."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, TypeAlias

from fashionsdk._tools.printable_text import printable
from fashionsdk.backends import PRECISIONS, RUNTIMES
from fashionsdk.cli._find_photos import EXTENSIONS

if TYPE_CHECKING:
    from fashionsdk.attributes import Attribute
    from fashionsdk.embedding import Embedder

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run: TypeAlias = Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Help:
    """The help texts of one command.

    Attributes:
        name: the command.
        summary: its line in the list of commands.
        description: what it does, in lines of at most 120 characters.
        examples: command lines, one per line.
    """

    name: str
    summary: str
    description: str
    examples: str


class CommandParser(argparse.ArgumentParser):
    """A parser that escapes control characters where it repeats what was typed."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message on stderr, and exit with 2."""
        super().error(printable(message))


def add_command(subparsers: Subparsers, texts: Help, run: Run) -> argparse.ArgumentParser:
    """Add a command with the argument and options that all commands have; ``run`` returns its exit code."""
    parser = subparsers.add_parser(
        texts.name,
        help=texts.summary,
        description=texts.description,
        epilog=f"examples:\n{texts.examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("bundle", type=nonblank, metavar="BUNDLE", help="folder of the exported model")
    model = parser.add_argument_group("model")
    model.add_argument("--device", default="auto", help="where to run, such as cpu or cuda (default: auto, the best)")
    model.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="graph to run, or bf16 for the fp32 graph in bfloat16 (default: the bundle's)",
    )
    model.add_argument(
        "--runtime",
        choices=("auto", *RUNTIMES),
        default="auto",
        help="what to run it with (default: auto, the fastest that is installed)",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object on stdout, and nothing else")
    output.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that embed many photos."""
    parser.add_argument(
        "--batch-size", type=positive, default=32, metavar="N", help="photos embedded at once (default: 32)"
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of the model (default: all cores)")


def add_photo_options(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the photos to embed, and the file to write."""
    parser.add_argument(
        "photos",
        nargs="+",
        type=nonblank,
        metavar="PHOTO",
        help="photos, or folders. A folder is searched in all depths, through links too, for files ending in "
        f"{', '.join(sorted(EXTENSIONS))}. Hidden files and folders are left out",
    )
    add_out_option(parser, out)
    parser.add_argument(
        "--on-error",
        choices=("skip", "raise"),
        default="skip",
        help="if a photo cannot be read, name it and go on (default), or stop",
    )
    add_batch_options(parser)


def add_out_option(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the file to write; ``text`` is its help."""
    parser.add_argument("--out", required=True, type=nonblank, metavar="FILE", help=text)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that work on labelled photos."""
    parser.add_argument(
        "--data",
        required=True,
        type=nonblank,
        metavar="TABLE",
        help="CSV table (columns image, split, one per attribute), or a folder with labels.csv or index files",
    )
    parser.add_argument("--split", default="valid", help="use the photos of this split (default: valid)")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="use this attribute only; may be repeated (default: all)"
    )
    add_batch_options(parser)


def chosen_attributes(args: argparse.Namespace, known: Iterable["Attribute"]) -> list[str]:
    """Return the names of the attributes that ``--attribute`` chooses; all without it.

    Raises:
        ValueError: an attribute is unknown.
    """
    from fashionsdk.attributes import select

    names = [attribute.name for attribute in known]
    return [names[position] for position in select(names, args.attribute)]


def load_embedder(args: argparse.Namespace) -> "Embedder":
    """Open the bundle on the requested device, and print on stderr what runs."""
    from fashionsdk.cli._output import note
    from fashionsdk.embedding import Embedder

    embedder = Embedder(
        args.bundle,
        device=args.device,
        precision=args.precision,
        batch_size=getattr(args, "batch_size", 1),
        threads=getattr(args, "threads", None),
        runtime=args.runtime,
    )
    note(f"model {embedder.model[:12]}: {embedder.backend}")
    return embedder


def nonblank(text: str) -> str:
    """Parse a path. It must not be blank, which would be the working folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; expected a path")
    return text


def positive(text: str) -> int:
    """Parse a whole number, 1 or more."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number, 1 or more")
    return number
