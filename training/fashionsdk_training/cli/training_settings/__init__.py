"""The settings of ``train.py``: its options for them, what they come to, and lists of recipes and settings."""

from fashionsdk_training.cli.training_settings.automatic_recipe import AUTO
from fashionsdk_training.cli.training_settings.listings import list_recipes, list_settings, summary
from fashionsdk_training.cli.training_settings.repeated_command import run_command, take_command
from fashionsdk_training.cli.training_settings.resolved_settings import Resolved, resolve, resolve_automatically
from fashionsdk_training.cli.training_settings.setting_options import add_setting_options

__all__ = [
    "AUTO",
    "Resolved",
    "add_setting_options",
    "list_recipes",
    "list_settings",
    "resolve",
    "resolve_automatically",
    "run_command",
    "summary",
    "take_command",
]
