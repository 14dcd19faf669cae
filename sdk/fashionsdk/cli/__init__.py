"""The ``fashionsdk`` command: its subcommands, and what other commands of the project share with them."""

from fashionsdk.cli._find_photos import find_photos
from fashionsdk.cli._guard import from_extra, guarded
from fashionsdk.cli._main import main
from fashionsdk.cli._output import note

__all__ = ["find_photos", "from_extra", "guarded", "main", "note"]
