"""The ``fashionsdk`` command: its subcommands, and what other commands of the project share with them."""

from fashionsdk.cli._find_photos import find_photos, is_photo
from fashionsdk.cli._guard import from_extra, guarded, raise_signal_of
from fashionsdk.cli._main import main
from fashionsdk.cli._output import note, print_answer, show_log

__all__ = [
    "find_photos",
    "from_extra",
    "guarded",
    "is_photo",
    "main",
    "note",
    "print_answer",
    "raise_signal_of",
    "show_log",
]
