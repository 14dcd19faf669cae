"""What tests of bundles share."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from fashionsdk.bundle import Bundle

WriteBundle: TypeAlias = Callable[..., Bundle]


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file under a folder, by its path in it."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
