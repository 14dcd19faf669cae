"""From the addresses of a shop's photos to files in a folder, by the file's name."""

import os
from collections import defaultdict
from pathlib import Path
from urllib.parse import unquote, urlsplit

from fashionsdk._tools.files.photo_names import is_photo


class NamedPhotos:
    """The photos of a folder and of folders in it, by name. Hidden ones are left out, links to folders not followed.

    Args:
        folder: the upper one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._paths: dict[str, list[str]] = defaultdict(list)
        for parent, folders, files in os.walk(folder):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inner = Path(parent).relative_to(folder)
            for name in sorted(filter(is_photo, files)):
                self._paths[name].append((inner / name).as_posix())

    def find(self, address: str, product: str) -> list[str]:
        """Return the photos that an address may mean, relative to the folder.

        Of several files with the name, one in a folder that is called like the product is meant alone. Whatever the
        address says, only a file of the folder is returned.
        """
        paths = self._paths.get(photo_name(address), [])
        own = [path for path in paths if product and path.split("/")[-2:-1] == [product]]
        return own if len(own) == 1 else paths


def photo_name(address: str) -> str:
    """Return the name of the file that an address ends with: ``https://x/files/a%20b.jpg?v=2`` -> ``a b.jpg``."""
    try:
        path = urlsplit(address).path
    except ValueError:  # such as a bracket that is not closed
        path = address
    return unquote(path).replace("\\", "/").rpartition("/")[2].strip()
