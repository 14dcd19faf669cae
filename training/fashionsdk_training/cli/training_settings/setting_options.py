"""Options of ``train.py`` that change a recipe's settings."""

import argparse
from pathlib import Path

from fashionsdk_training.cli.input_options import add_input_options
from fashionsdk_training.cli.training_settings.automatic_recipe import AUTO
from fashionsdk_training.recipes import RECIPES

DEFAULT_RECIPE = "cam_cpu"


def add_setting_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which settings a run has, and those that list recipes and settings."""
    group = parser.add_argument_group("settings", "where they come from, and what is changed in them")
    group.add_argument(
        "--recipe",
        choices=(*RECIPES, AUTO),
        help=f"where the settings come from (default: {DEFAULT_RECIPE}); {AUTO} picks one by the device, the number "
        "of training photos and --boxes, and says why",
    )
    group.add_argument(
        "--config",
        type=Path,
        metavar="RUN.TOML",
        help="instead of a recipe: the settings of another run, whose folder has this file, and its data; "
        "with another --out it is repeated",
    )
    group.add_argument(
        "--backbone",
        metavar="NAME",
        help="a network of timm instead of the recipe's, such as resnet50 or convnext_tiny; mean, standard deviation, "
        "input and feature map come from timm's record of it",
    )
    add_input_options(group)
    group.add_argument("--epochs", type=int, help="instead of the recipe's; a finished run takes more")
    group.add_argument("--batch-size", type=int, help="photos a batch and process, instead of the recipe's")
    group.add_argument("--seed", type=int, help="of every random choice, instead of the recipe's")
    group.add_argument(
        "--pretrained",
        help="first weights of the backbone: package, timm, none, or a file of timm's; "
        "{backbone} in its name stands for the network's, which ASEN++'s two need",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="any setting by its path, such as optimisation.learning_rate=1e-4; may be repeated",
    )
    group.add_argument("--recipes", action="store_true", help="list the recipes, and do nothing else")
    group.add_argument(
        "--settings", action="store_true", help="list every setting as this command line has it, and do nothing else"
    )
