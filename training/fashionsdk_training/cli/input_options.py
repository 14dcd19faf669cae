"""Options that say what a network sees of a photo."""

import argparse
from dataclasses import replace
from typing import Any, get_args

from fashionsdk.photos import Fit, Preprocessing
from fashionsdk_training.config import TrainConfig


def add_input_options(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add ``--fit`` and ``--side``; without them a recipe's own are meant."""
    parser.add_argument(
        "--fit",
        choices=get_args(Fit),
        help="instead of the recipe's: crop shows the middle of a photo, as much as fills the model's input; pad shows "
        "the whole photo, smaller, with white beside it",
    )
    parser.add_argument(
        "--side",
        type=input_side,
        metavar="N|HxW",
        help="the model's input in pixels, instead of the recipe's: a square's side, or height and width, such as "
        "224x168 for upright photos",
    )


def input_side(text: str) -> int | tuple[int, int]:
    """Return the side of a square, or height and width, as an option names them.

    Raises:
        ArgumentTypeError: it is neither.
    """
    lengths = text.lower().split("x")
    if len(lengths) > 2 or not all(length.isascii() and length.isdigit() and len(length) < 9 for length in lengths):
        raise argparse.ArgumentTypeError(f"{text!r:.40} is no size; expected 224, or 224x168 for height x width")
    return int(lengths[0]) if len(lengths) == 1 else (int(lengths[0]), int(lengths[1]))


def with_input(config: TrainConfig, args: argparse.Namespace) -> TrainConfig:
    """Return the settings with the input that the options name.

    Photos are stored larger than the input by as much as in the settings.

    Raises:
        ValueError: the network cannot have such an input.
    """
    changes = {} if args.side is None else sides(config, args.side)
    return replace(config, **changes, fit=config.fit if args.fit is None else args.fit)


def sides(config: TrainConfig, side: int | tuple[int, int]) -> dict[str, Any]:
    """Return ``side``, and a ``stored_side`` that is larger by as much as in the settings.

    Raises:
        ValueError: it is no side.
    """
    shapes = zip(Preprocessing(side).shape[:2], config.preprocessing.shape, config.stored.shape, strict=False)
    height, width = (round(new * stored / old) for new, old, stored in shapes)
    return {"side": side, "stored_side": (height, width)}
