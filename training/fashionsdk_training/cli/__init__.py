"""The command lines of the scripts under ``training/``."""

from fashionsdk_training.cli.add_attribute_command import main as add_attribute
from fashionsdk_training.cli.command_log import show_log
from fashionsdk_training.cli.evaluate_command import evaluate
from fashionsdk_training.cli.import_original_command import main as import_original
from fashionsdk_training.cli.input_options import add_input_options, input_side, with_input
from fashionsdk_training.cli.labels_command import labels
from fashionsdk_training.cli.prepare_command import main as prepare
from fashionsdk_training.cli.train_command import train

__all__ = [
    "add_attribute",
    "add_input_options",
    "evaluate",
    "import_original",
    "input_side",
    "labels",
    "prepare",
    "show_log",
    "train",
    "with_input",
]
