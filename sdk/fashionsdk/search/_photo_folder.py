"""From an answer to its photo, in a folder that the caller names."""

import os
from dataclasses import dataclass
from pathlib import Path

from fashionsdk._tools.printable_text import printable
from fashionsdk.errors import ImageError
from fashionsdk.search._matches import Match


@dataclass(frozen=True)
class PhotoFolder:
    """A folder of photos. Called with an answer, it returns the path of the answer's photo.

    Keys and metadata come from a gallery, which others may have written, so no path leads out of the folder by its
    name. Links inside the folder are followed: who owns the folder made them.

    Attributes:
        root: the folder.
        field: the field of the metadata that holds the path, from the folder on; ``None`` if the key is the path.
    """

    root: str | Path
    field: str | None = None

    def __call__(self, match: Match) -> Path:
        """Return the path of an answer's photo.

        Raises:
            ImageError: the answer's metadata lack the field, or the path leads out of the folder.
        """
        name = match.key if self.field is None else match.metadata.get(self.field)
        if not isinstance(name, str) or not name:
            got = "is missing" if name is None else f"is {name!r:.60}"
            raise ImageError(printable(match.key), f"{self.field!r} of its metadata {got}; expected a photo's path")
        return self.path(name)

    def path(self, name: str) -> Path:
        """Return the path that a name has in the folder, whether or not a photo is there.

        Raises:
            ImageError: it leads out of the folder.
        """
        root = os.path.abspath(self.root)
        path = Path(os.path.normpath(os.path.join(root, name)))
        if not path.is_relative_to(root):
            raise ImageError(
                printable(name), f"leads out of the folder {root}; expected a path in it, or another folder of photos"
            )
        return path

    def find(self, name: str) -> Path | None:
        """Return the path that a name has in the folder if a file is there; ``None`` for whatever else is asked for."""
        try:
            path = self.path(name)
            return path if path.is_file() else None
        except (ImageError, OSError, ValueError):  # out of the folder, or no name that a file may have
            return None
