"""Run ``export/build_engine.py``: export a checkpoint, or add engines to a bundle."""

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionsdk._tools.files.atomic_folder import existing_folder
from fashionsdk.backends import engine_build
from fashionsdk.cli import from_extra, guarded, labelled_data, note, print_answer
from fashionsdk.errors import FashionSDKError
from fashionsdk_export.builder_packages import builder_package
from fashionsdk_export.cli.build_options import ENGINE_OPTIONS, parser

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle, EngineKind
    from fashionsdk_export.parity import CalibrationPhotos


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    args = parser().parse_args(arguments)
    return guarded("build_engine.py", lambda: _export(args), debug=args.debug)


def _export(args: argparse.Namespace) -> int:
    # What is quick to check comes first: to import PyTorch takes seconds, on a busy machine a minute.
    given = _engine_options(args)
    for option in ("map_loss", "split", "bytes_per_item"):
        if getattr(args, option) is not None and not args.data:
            raise ValueError(f"--{option.replace('_', '-')} was given without --data; expected both")
    model = existing_folder(args.model)
    if os.path.isfile(model / "manifest.json"):
        if args.engine is None or args.data or args.photos:
            raise ValueError(
                f"{args.model} is a bundle, which can only be given engines; expected --engine, without "
                "--data or --photos; for other graphs give the checkpoint"
            )
        return _add_to_bundle(args, given)
    if not (model / "config.json").is_file():
        raise FashionSDKError(
            f"{args.model} is not a readable checkpoint, and no bundle: it has neither config.json nor manifest.json; "
            "expected a folder that training or an export wrote, such as runs/shop/best"
        )
    return _build_bundle(args, given)


def _add_to_bundle(args: argparse.Namespace, given: Mapping[str, Any]) -> int:
    from fashionsdk.bundle import Bundle

    Bundle.check_writable(args.out, overwrite=args.overwrite)
    return _add_engines(Bundle.open(args.model), args, _engine_config(args, given), overwrite=args.overwrite)


def _build_bundle(args: argparse.Namespace, given: Mapping[str, Any]) -> int:
    from fashionsdk_export.arguments import check_arguments

    photos, precisions = _calibration_photos(args), args.precision or ["fp32"]
    check_arguments(args.out, precisions, photos, args.map_loss, args.bytes_per_item, overwrite=args.overwrite)
    engine = None if args.engine is None else _engine_config(args, given)
    with from_extra("export,cpu"):
        from fashionsdk_export.pipeline import build_bundle
        from fashionsdk_training.checkpoint import Checkpoint
    if engine is not None:
        _room(args.engine).check_library(engine)  # before the minutes that the graphs may take
    report = build_bundle(
        Checkpoint.load(args.model),
        args.out,
        precisions=precisions,
        photos=photos,
        map_loss=args.map_loss,
        bytes_per_item=args.bytes_per_item,
        overwrite=args.overwrite,
        progress=True,
    )
    print_answer(report.summary())
    if engine is None:
        return 0
    try:
        return _add_engines(report.bundle, args, engine, overwrite=True)
    except BaseException:
        note(
            f"{args.out} has the graphs and lacks only the engines; "
            f"after fixing the problem, add them with: {_engine_command(args)}"
        )
        raise


def _add_engines(bundle: "Bundle", args: argparse.Namespace, engine: Any, *, overwrite: bool) -> int:
    report = _room(args.engine).add_engines(
        bundle, args.out, engine, args.precision or (), overwrite=overwrite, progress=True
    )
    print_answer(report.summary())
    return 0


def _engine_command(args: argparse.Namespace) -> str:
    """Return the command that adds the requested engines to the bundle at ``--out``."""
    given = [(f"--{name.replace('_', '-')}", getattr(args, name)) for name in ("engine", *ENGINE_OPTIONS)]
    options = [word for option, value in given if value is not None for word in _words(option, value)]
    return shlex.join(
        ["python", "export/build_engine.py", str(args.out), "--out", str(args.out), "--overwrite", *options]
    )


def _words(option: str, value: Any) -> list[str]:
    return [option] if value is True else [option, str(value)]


def _calibration_photos(args: argparse.Namespace) -> "CalibrationPhotos":
    from fashionsdk_export.parity import CalibrationPhotos

    if args.data and args.photos:
        raise ValueError("--data and --photos were both given; expected one of them")
    if args.data:
        return CalibrationPhotos.from_table(labelled_data(args), args.split or "valid")
    if args.photos:
        return _unlabelled_photos(args)
    return CalibrationPhotos()


def _unlabelled_photos(args: argparse.Namespace) -> "CalibrationPhotos":
    from fashionsdk.cli import find_photos
    from fashionsdk_export.parity import CalibrationPhotos

    if set(args.precision or ["fp32"]) == {"fp32"}:
        raise ValueError(
            "--photos was given, but fp32 is exact and needs none; add --precision fp32 fp16 or fp32 int8, or leave "
            "--photos out"
        )
    if missing := [photo for photo in args.photos if not os.path.exists(photo)]:
        raise ValueError(f"--photos {missing[0]}: there is no such file or folder")
    return CalibrationPhotos([Path(photo) for photo in find_photos(args.photos, on_error="raise").photos])


def _engine_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of engines that are given."""
    given = {name: value for name in ENGINE_OPTIONS if (value := getattr(args, name)) is not None}
    if given and args.engine is None:
        raise ValueError(f"--{next(iter(given)).replace('_', '-')} was given without --engine; expected both")
    return given


def _engine_config(args: argparse.Namespace, given: Mapping[str, Any]) -> Any:
    """Return the settings of the requested engine; their type is of the package that builds it."""
    config = _room(args.engine).EngineConfig
    if unknown := sorted(given.keys() - {field.name for field in fields(config)}):
        raise ValueError(
            f"--{unknown[0].replace('_', '-')} was given with --engine {args.engine}, which has no such setting; "
            "leave it out"
        )
    # a default within the given range
    opt_batch = max(given.get("min_batch", 1), min(8, given.get("max_batch", 8)))
    return config(args.engine, **{"opt_batch": opt_batch, **given})


def _room(kind: "EngineKind") -> Any:
    """Return the package that builds engines of a kind, or say what installs its needs."""
    with from_extra(engine_build(kind).extra or kind):
        return builder_package(kind)
