"""The options that commands share."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from fashionsdk.cli._find_photos import EXTENSIONS

if TYPE_CHECKING:
    from fashionsdk.embedding import Embedder

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run: TypeAlias = Callable[[argparse.Namespace], int]


def add_command(
    subparsers: Subparsers, name: str, run: Run, *, summary: str, description: str, examples: str
) -> argparse.ArgumentParser:
    """Add a command with the argument and options that all have; ``run`` returns its exit code."""
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=description,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument("bundle", type=filled, metavar="BUNDLE", help="folder of the exported model")
    model = parser.add_argument_group("model")
    model.add_argument("--device", default="auto", help="where to run, such as cpu or cuda (default: auto, the best)")
    model.add_argument(
        "--precision",
        choices=("fp32", "fp16", "int8", "bf16"),
        help="graph to run, or bf16 for the fp32 graph in bfloat16 (default: the bundle's)",
    )
    model.add_argument(
        "--runtime",
        choices=("auto", "onnxruntime", "openvino", "tensorrt", "tensorrt-rtx"),
        default="auto",
        help="what to run it with (default: auto, the fastest that is installed)",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="print one JSON object on stdout, and nothing else")
    output.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Add what commands that embed many photos share."""
    parser.add_argument(
        "--batch-size", type=positive, default=32, metavar="N", help="photos embedded at once (default: 32)"
    )
    parser.add_argument("--threads", type=positive, metavar="N", help="threads of the model (default: all cores)")


def add_photo_options(parser: argparse.ArgumentParser, out: str) -> None:
    """Add the photos to embed, and where the result goes."""
    parser.add_argument(
        "photos",
        nargs="+",
        type=filled,
        metavar="PHOTO",
        help="photos, or folders to search in all depths, through links too, for files ending in "
        f"{', '.join(sorted(EXTENSIONS))}; hidden ones are left out",
    )
    add_out_option(parser, out)
    parser.add_argument(
        "--on-error",
        choices=("skip", "raise"),
        default="skip",
        help="a photo that cannot be read: name it and go on (default), or stop",
    )
    add_batch_options(parser)


def add_out_option(parser: argparse.ArgumentParser, text: str) -> None:
    """Add where the result goes; ``text`` is its help."""
    parser.add_argument("--out", required=True, type=filled, metavar="FILE", help=text)


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Add the labelled photos that the command works on."""
    parser.add_argument(
        "--data",
        required=True,
        type=filled,
        metavar="TABLE",
        help="CSV table (columns image, split, one per attribute), or a folder with labels.csv or index files",
    )
    parser.add_argument("--split", default="valid", help="which photos of the table (default: valid)")
    parser.add_argument(
        "--attribute", action="append", metavar="NAME", help="only this attribute; may be repeated (default: all)"
    )
    add_batch_options(parser)


def load_embedder(args: argparse.Namespace) -> "Embedder":
    """Open the bundle on the device that was asked for, and say on stderr what it runs on."""
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


def filled(text: str) -> str:
    """Parse a path, which must not be blank: some would take that for the working folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError("is empty; expected a path")
    return text


def positive(text: str) -> int:
    """Parse a whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number from 1 on")
    return number
