"""The ``fashionsdk`` command: its subcommands, and what other commands of the project share with them."""

from fashionsdk.cli._find_photos import find_photos
from fashionsdk.cli._guard import Terminated, from_extra, guarded
from fashionsdk.cli._main import main
from fashionsdk.cli._output import note, print_answer, show_log

__all__ = ["Terminated", "find_photos", "from_extra", "guarded", "main", "note", "print_answer", "show_log"]
