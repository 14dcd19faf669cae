"""What a command was told beside the settings: to ``run.toml``, and back when a run is repeated from it."""

import argparse
import os
from pathlib import Path

from fashionsdk_training.config import RunCommand


def run_command(args: argparse.Namespace, recipe: str | None) -> RunCommand:
    """Return what the options say beside the settings, with absolute paths, so that any folder can repeat it."""
    return RunCommand(
        recipe=recipe,
        data=os.path.abspath(args.data),
        format=args.format,
        splits=None if args.splits is None else (args.splits[0], args.splits[1]),
        attributes=tuple(args.attribute or ()),
        boxes=_absolute(args.boxes),
        corrections=_absolute(args.corrections),
        teachers=tuple(os.path.abspath(path) for path in args.teacher or ()),
        device=args.device or "auto",
        baseline=not args.no_baseline,
    )


def _absolute(path: Path | None) -> str | None:
    return None if path is None else os.path.abspath(path)


def take_command(args: argparse.Namespace, command: RunCommand) -> None:
    """Give each option that was not typed the value that it had in the run to repeat."""
    told = {
        "data": Path(command.data),
        "format": command.format,
        "splits": command.splits,
        "attribute": list(command.attributes) or None,
        "boxes": command.boxes and Path(command.boxes),
        "corrections": command.corrections and Path(command.corrections),
        "teacher": [Path(path) for path in command.teachers] or None,
        "device": command.device,
    }
    for option, value in told.items():
        if getattr(args, option) is None:
            setattr(args, option, value)
    args.no_baseline = args.no_baseline or not command.baseline
