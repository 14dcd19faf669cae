"""The command line of ``export/build_engine.py``."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk.atomic_folder import existing_folder
from fashionsdk.cli.guard import guarded

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle
    from fashionsdk_export.engine import EngineConfig
    from fashionsdk_export.evidence import Evidence

_DESCRIPTION = """\
Turn a checkpoint into a bundle: static ONNX graphs that give every attribute's embedding in one pass, proved to give
PyTorch's numbers before they are written; and TensorRT engines of them.

A bundle may stand in the checkpoint's place: it then gets engines, on the machine whose GPU they are for. That needs
neither PyTorch nor photos."""

_EXAMPLES = """\
examples:
  python export/build_engine.py runs/shop/best --out shop-bundle
  python export/build_engine.py runs/shop/best --out shop-bundle --precision fp32 fp16 int8 --data shop/labels.csv
  python export/build_engine.py shop-bundle --out shop-bundle --overwrite --engine tensorrt --precision fp16
  python export/build_engine.py shop-bundle --out rtx-bundle --engine tensorrt-rtx --compute-capability 8.9
  fashionsdk check shop-bundle --precision int8      # the same proof on the machine that serves
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of ``build_engine.py``."""
    result = argparse.ArgumentParser(
        prog="build_engine.py",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("model", type=Path, metavar="MODEL", help="a checkpoint that training wrote, or a bundle")
    result.add_argument("--out", type=Path, required=True, help="the bundle folder to make")
    result.add_argument("--overwrite", action="store_true", help="replace the bundle at --out")
    result.add_argument("--debug", action="store_true", help="show the traceback of an error")
    result.add_argument(
        "--precision",
        nargs="+",
        choices=("fp32", "fp16", "int8"),
        help="graphs to write, the first is the default one (default: fp32); with a bundle, graphs to build engines of "
        "(default: all)",
    )
    _add_photos(result.add_argument_group("photos, for int8 and to measure what fewer bits cost"))
    _add_engine(result.add_argument_group("engines"))
    return result


def _add_photos(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--data",
        type=Path,
        metavar="TABLE",
        help="label table: its training photos calibrate int8, its split measures MAP",
    )
    group.add_argument("--split", default="valid", help="split of the table to measure MAP on (default: valid)")
    group.add_argument(
        "--photos",
        nargs="+",
        metavar="PHOTO",
        help="photos or folders to calibrate int8 on, in place of a table; 32 or more",
    )
    group.add_argument(
        "--map-loss",
        type=float,
        metavar="POINTS",
        help="points of MAP that a graph may lose against fp32 (default: fp16 0.1, int8 0.3)",
    )


def _add_engine(group: "argparse._ArgumentGroup") -> None:
    group.add_argument(
        "--engine",
        choices=("tensorrt", "tensorrt-rtx"),
        help="build engines of the graphs: tensorrt for the GPU of this machine; tensorrt-rtx needs no GPU",
    )
    group.add_argument(
        "--compute-capability",
        metavar="X.Y",
        help="GPUs to build for, such as 8.9; tensorrt-rtx takes several: 8.6,8.9 (default: the GPU of this machine)",
    )
    group.add_argument("--min-batch", type=int, metavar="N", help="smallest batch that an engine takes (default: 1)")
    group.add_argument("--opt-batch", type=int, metavar="N", help="batch that it is made fast for (default: 8)")
    group.add_argument("--max-batch", type=int, metavar="N", help="largest batch that it takes (default: 32)")
    group.add_argument("--workspace", type=float, metavar="GIB", help="GPU memory that one layer may use (no limit)")
    group.add_argument(
        "--timing-cache", type=Path, metavar="FILE", help="kernel timings that make the next build faster (tensorrt)"
    )
    group.add_argument(
        "--optimisation-level", type=int, metavar="0-5", help="0 builds fastest, 5 runs fastest (tensorrt; default: 3)"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Export as the command line says."""
    args = parser().parse_args(arguments)
    return guarded("build_engine.py", lambda: _export(args), debug=args.debug)


_ENGINE_OPTIONS = (
    "compute_capability",
    "min_batch",
    "opt_batch",
    "max_batch",
    "workspace",
    "timing_cache",
    "optimisation_level",
)


def _export(args: argparse.Namespace) -> int:
    engine = _engine_config(args)
    if args.map_loss is not None and not args.data:
        raise ValueError("--map-loss was given without --data; expected both")
    if (existing_folder(args.model) / "manifest.json").is_file():
        if engine is None or args.data or args.photos:
            raise ValueError(
                f"{args.model} is a bundle, which can only be given engines; expected --engine, without "
                "--data or --photos; for other graphs give the checkpoint"
            )
        from fashionsdk.bundle import Bundle

        return _add_engines(Bundle.open(args.model), args, engine, overwrite=args.overwrite)
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    from fashionsdk_export.pipeline import build_bundle
    from fashionsdk_training.checkpoint import Checkpoint

    report = build_bundle(
        Checkpoint.load(args.model),
        args.out,
        precisions=args.precision or ["fp32"],
        evidence=_evidence(args),
        map_loss=args.map_loss,
        overwrite=args.overwrite,
    )
    print(report.summary())
    return 0 if engine is None else _add_engines(report.bundle, args, engine, overwrite=True)


def _add_engines(bundle: "Bundle", args: argparse.Namespace, engine: "EngineConfig", *, overwrite: bool) -> int:
    from fashionsdk_export.engines import add_engines

    print(add_engines(bundle, args.out, engine, args.precision or (), overwrite=overwrite).summary())
    return 0


def _evidence(args: argparse.Namespace) -> "Evidence":
    from fashionsdk_export.evidence import Evidence

    if args.data and args.photos:
        raise ValueError("--data and --photos were both given; expected one of them")
    if args.data:
        return Evidence.from_table(args.data, args.split)
    if args.photos:
        from fashionsdk.cli.find import find_photos

        if missing := [photo for photo in args.photos if not Path(photo).exists()]:
            raise ValueError(f"--photos {missing[0]}: there is no such file or folder")
        return Evidence([Path(photo) for photo in find_photos(args.photos, on_error="raise").photos])
    return Evidence()


def _engine_config(args: argparse.Namespace) -> "EngineConfig | None":
    given = {name: value for name in _ENGINE_OPTIONS if (value := getattr(args, name)) is not None}
    if args.engine is None:
        if given:
            raise ValueError(f"--{next(iter(given)).replace('_', '-')} was given without --engine; expected both")
        return None
    from fashionsdk_export.engine import EngineConfig

    if "opt_batch" not in given:  # the default fits whatever range was asked for
        given["opt_batch"] = max(given.get("min_batch", 1), min(8, given.get("max_batch", 8)))
    return EngineConfig(args.engine, **given)
