"""The command line of ``export/build_engine.py``."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from fashionsdk.cli.guard import guarded

_EXAMPLES = """\
examples:
  python export/build_engine.py runs/shop/best --out shop-bundle
  fashionsdk check shop-bundle            # the same proof on the machine that serves
  fashionsdk index shop-bundle photos/ --out shop.gallery
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``build_engine.py``."""
    result = argparse.ArgumentParser(
        prog="build_engine.py",
        description="Turn a checkpoint into a bundle: one static ONNX graph that gives every attribute's embedding in "
        "one pass, proved to give PyTorch's numbers before it is written.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("checkpoint", type=Path, help="folder that training wrote, such as runs/shop/best")
    result.add_argument("--out", type=Path, required=True, help="the bundle folder to make")
    result.add_argument("--overwrite", action="store_true", help="replace the bundle at --out")
    result.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Export as the command line says."""
    args = parser().parse_args(arguments)
    return guarded("build_engine.py", lambda: _export(args), debug=args.debug)


def _export(args: argparse.Namespace) -> int:
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    from fashionsdk_export.pipeline import build_bundle
    from fashionsdk_training.checkpoint import Checkpoint

    print(build_bundle(Checkpoint.load(args.checkpoint), args.out, overwrite=args.overwrite).summary())
    return 0
