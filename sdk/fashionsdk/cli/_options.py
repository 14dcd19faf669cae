"""The options that commands share."""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fashionsdk._tools.files.photo_names import EXTENSIONS
from fashionsdk.backends import PRECISIONS, RUNTIMES
from fashionsdk.cli._find_photos import PhotoList, find_photos, listed_paths, tabled_paths
from fashionsdk.cli._table_format import add_corrections_option, add_format_option

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


def add_command(subparsers: Subparsers, texts: Help, run: Run, *, answers: bool = True) -> argparse.ArgumentParser:
    """Add a command that runs a bundle, with its argument and options; ``run`` returns its exit code.

    One that ``answers`` does so as JSON if it is asked to.
    """
    parser = _parser(subparsers, texts, run)
    parser.add_argument("bundle", type=nonblank, metavar="BUNDLE", help="folder of the exported model")
    add_model_options(parser)
    _add_output_options(parser, answers=answers)
    return parser


def add_plain_command(subparsers: Subparsers, texts: Help, run: Run) -> argparse.ArgumentParser:
    """Add a command that needs no bundle."""
    parser = _parser(subparsers, texts, run)
    _add_output_options(parser)
    return parser


def _parser(subparsers: Subparsers, texts: Help, run: Run) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(
        texts.name,
        help=texts.summary,
        description=texts.description,
        epilog=f"examples:\n{texts.examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what runs the model."""
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


def _add_output_options(parser: argparse.ArgumentParser, *, answers: bool = True) -> None:
    output = parser.add_argument_group("output")
    if answers:
        output.add_argument("--json", action="store_true", help="print one JSON object on stdout, and nothing else")
    output.add_argument("--debug", action="store_true", help="show the traceback of an error")


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that embed many photos."""
    parser.add_argument(
        "--batch-size", type=positive, default=32, metavar="N", help="photos embedded at once (default: 32)"
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of the model (default: all cores)")


def add_embedder_options(parser: argparse.ArgumentParser, text: str = "folder of the exported model") -> None:
    """Add the bundle as an option, and how to run it on many photos; ``text`` is the bundle's help."""
    parser.add_argument("--bundle", type=nonblank, required=True, metavar="BUNDLE", help=text)
    add_batch_options(parser)
    add_model_options(parser)


def add_photo_options(parser: argparse.ArgumentParser, out: str | None) -> None:
    """Add the photos to embed, and the file to write if there is one, of which ``out`` is the help."""
    photos = parser.add_argument(
        "photos",
        nargs="+",
        type=nonblank,
        metavar="PHOTO",
        help="photos, or folders; none are needed with --list or --data. A folder is searched in all depths, through "
        f"links too, for files ending in {', '.join(sorted(EXTENSIONS))}; files without an ending are looked into. "
        "What is left out is counted on stderr. Hidden files and folders are left out",
    )
    _add_lists(parser, photos)
    if out is not None:
        add_out_option(parser, out)
    parser.add_argument(
        "--on-error",
        choices=("skip", "raise"),
        default="skip",
        help="if a photo cannot be read, name it and go on (default), or stop",
    )
    add_batch_options(parser)


def _add_lists(parser: argparse.ArgumentParser, photos: argparse.Action) -> None:
    class InPlaceOfPhotos(argparse.Action):
        def __call__(
            self, parser: argparse.ArgumentParser, args: argparse.Namespace, value: object, *_: object
        ) -> None:
            photos.nargs, photos.required = "*", False
            setattr(args, self.dest, value)

    parser.add_argument(
        "--list",
        type=nonblank,
        action=InPlaceOfPhotos,
        metavar="FILE",
        help="file that lists photos and folders, a path a line; - for standard input",
    )
    parser.add_argument(
        "--data",
        type=nonblank,
        action=InPlaceOfPhotos,
        metavar="TABLE",
        help="label table, or a folder with one or with index files: its photos",
    )
    add_format_option(parser)
    parser.add_argument("--split", help="with --data: the photos of this split (default: all of the table)")


def chosen_photos(args: argparse.Namespace) -> PhotoList:
    """Return the photos that the options of `add_photo_options` choose.

    Raises:
        FashionSDKError: there is no photo, a list or a table cannot be read, or a folder cannot be searched.
        ValueError: ``--split`` lacks ``--data``, or ``--data`` lacks ``--split``.
    """
    if args.split is not None and args.data is None:
        raise ValueError("--split names a split of --data; give that too")
    paths = [*args.photos]
    paths += listed_paths(args.list) if args.list else []
    paths += tabled_paths(args.data, args.split, args.format) if args.data else []
    return find_photos(paths, on_error=args.on_error)


def add_out_option(parser: argparse.ArgumentParser, text: str, *, required: bool = True) -> None:
    """Add the file to write; ``text`` is its help."""
    parser.add_argument("--out", required=required, type=nonblank, metavar="FILE", help=text)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of commands that work on labelled photos."""
    parser.add_argument(
        "--data",
        required=True,
        type=nonblank,
        metavar="TABLE",
        help="label table (columns image, split, one per attribute): CSV, JSON lines or Parquet, or a folder with one, "
        "with Hugging Face metadata, with folders by value, or with index files",
    )
    add_format_option(parser)
    add_corrections_option(parser)
    parser.add_argument("--split", default="valid", help="use the photos of this split (default: valid)")
    add_attributes_option(parser)
    add_batch_options(parser)


def add_attributes_option(parser: argparse.ArgumentParser) -> None:
    """Add the attributes to use."""
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="use this attribute only; may be repeated (default: all)"
    )


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
