"""The ``fashionsdk`` command: its subcommands, and what other commands of the project share with them."""

from fashionsdk.cli._find_photos import find_photos
from fashionsdk.cli._guard import from_extra, guarded, raise_signal_of
from fashionsdk.cli._main import main
from fashionsdk.cli._output import note, print_answer, show_log
from fashionsdk.cli._table_format import add_corrections_option, add_format_option, labelled_data

__all__ = [
    "add_corrections_option",
    "add_format_option",
    "find_photos",
    "from_extra",
    "guarded",
    "labelled_data",
    "main",
    "note",
    "print_answer",
    "raise_signal_of",
    "show_log",
]
