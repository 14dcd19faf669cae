"""The command line of ``export/build_engine.py``."""

import argparse
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fashionsdk._tools.atomic_folder import existing_folder
from fashionsdk.cli import guarded, note
from fashionsdk_export.cli.build_options import ENGINE_OPTIONS, parser
from fashionsdk_export.errors import ExportError

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle
    from fashionsdk_export.engines import EngineConfig
    from fashionsdk_export.parity import Evidence


def main(arguments: Sequence[str] | None = None) -> int:
    """Export as the command line says."""
    args = parser().parse_args(arguments)
    return guarded("build_engine.py", lambda: _export(args), debug=args.debug)


def _export(args: argparse.Namespace) -> int:
    engine = _engine_config(args)
    for option in ("map_loss", "split"):
        if getattr(args, option) is not None and not args.data:
            raise ValueError(f"--{option.replace('_', '-')} was given without --data; expected both")
    if (existing_folder(args.model) / "manifest.json").is_file():
        if engine is None or args.data or args.photos:
            raise ValueError(
                f"{args.model} is a bundle, which can only be given engines; expected --engine, without "
                "--data or --photos; for other graphs give the checkpoint"
            )
        from fashionsdk.bundle import Bundle

        return _add_engines(Bundle.open(args.model), args, engine, overwrite=args.overwrite)
    return _build_bundle(args, engine)


def _build_bundle(args: argparse.Namespace, engine: "EngineConfig | None") -> int:
    # The heavy imports wait until the arguments are known to be good: --help answers at once.
    evidence = _evidence(args)
    with _from_extra("export,cpu"):
        from fashionsdk_export.pipeline import build_bundle
        from fashionsdk_training.checkpoint import Checkpoint
    if engine is not None:
        from fashionsdk_export.engines import check_library

        check_library(engine)  # before the minutes that the graphs may take
    report = build_bundle(
        Checkpoint.load(args.model),
        args.out,
        precisions=args.precision or ["fp32"],
        evidence=evidence,
        map_loss=args.map_loss,
        overwrite=args.overwrite,
    )
    print(report.summary())
    if engine is None:
        return 0
    try:
        return _add_engines(report.bundle, args, engine, overwrite=True)
    except BaseException:
        note(
            f"{args.out} has the graphs and is complete but for its engines; "
            f"to add them once that is mended: {_engine_command(args)}"
        )
        raise


def _add_engines(bundle: "Bundle", args: argparse.Namespace, engine: "EngineConfig", *, overwrite: bool) -> int:
    from fashionsdk_export.engines import add_engines

    print(add_engines(bundle, args.out, engine, args.precision or (), overwrite=overwrite).summary())
    return 0


def _engine_command(args: argparse.Namespace) -> str:
    """Return the command that adds the engines that were asked for to the bundle at ``--out``."""
    given = [(f"--{name.replace('_', '-')}", getattr(args, name)) for name in ("engine", *ENGINE_OPTIONS)]
    options = [word for option, value in given if value is not None for word in (option, str(value))]
    return shlex.join(
        ["python", "export/build_engine.py", str(args.out), "--out", str(args.out), "--overwrite", *options]
    )


def _evidence(args: argparse.Namespace) -> "Evidence":
    from fashionsdk_export.parity import Evidence

    if args.data and args.photos:
        raise ValueError("--data and --photos were both given; expected one of them")
    if args.data:
        return Evidence.from_table(args.data, args.split or "valid")
    if args.photos:
        return _photos(args)
    return Evidence()


def _photos(args: argparse.Namespace) -> "Evidence":
    from fashionsdk.cli import find_photos
    from fashionsdk_export.parity import Evidence

    if set(args.precision or ["fp32"]) == {"fp32"}:
        raise ValueError(
            "--photos was given, but fp32 is exact and needs none; add --precision fp32 fp16 or fp32 int8, or leave "
            "--photos out"
        )
    if missing := [photo for photo in args.photos if not Path(photo).exists()]:
        raise ValueError(f"--photos {missing[0]}: there is no such file or folder")
    return Evidence([Path(photo) for photo in find_photos(args.photos, on_error="raise").photos])


def _engine_config(args: argparse.Namespace) -> "EngineConfig | None":
    given = {name: value for name in ENGINE_OPTIONS if (value := getattr(args, name)) is not None}
    if args.engine is None:
        if given:
            raise ValueError(f"--{next(iter(given)).replace('_', '-')} was given without --engine; expected both")
        return None
    with _from_extra(args.engine):
        from fashionsdk_export.engines import EngineConfig

    if "opt_batch" not in given:  # the default fits whatever range was asked for
        given["opt_batch"] = max(given.get("min_batch", 1), min(8, given.get("max_batch", 8)))
    return EngineConfig(args.engine, **given)


@contextmanager
def _from_extra(extra: str) -> Iterator[None]:
    """Import in the block what comes with an extra.

    Raises:
        ExportError: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise ExportError(f'{error.name} cannot be imported: {error}; run pip install "fashionsdk[{extra}]"') from error
