"""Photos as a client sends them: whole files, and a box around a garment where one is meant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from fashionsdk._tools.files.regular_file import reason
from fashionsdk.errors import ImageError
from fashionsdk.photos import Cutout

Photo: TypeAlias = str | Path | bytes | Cutout


class Files:
    """The files of one request, by the names that its fields call them."""

    def __init__(self) -> None:
        self.by_name: dict[str, bytes] = {}

    def fields(self, photo: Photo) -> dict[str, Any]:
        """Take a photo in, and return the fields that stand for it.

        Raises:
            ImageError: its file cannot be read.
            TypeError: it is none.
        """
        source = photo.photo if isinstance(photo, Cutout) else photo
        name = f"photo{len(self.by_name)}"
        self.by_name[name] = file_bytes(source)
        box: Sequence[float] | None = photo.box if isinstance(photo, Cutout) else None
        return {"photo": name} if box is None else {"photo": name, "box": list(box)}


def loaded(photo: Photo) -> bytes | Cutout:
    """Return a photo with the bytes of its file in place of a path.

    Raises:
        ImageError: its file cannot be read.
        TypeError: it is none.
    """
    return Cutout(file_bytes(photo.photo), photo.box) if isinstance(photo, Cutout) else file_bytes(photo)


def file_bytes(source: object) -> bytes:
    """Return the bytes of a photo's file.

    Raises:
        ImageError: it cannot be read.
        TypeError: it is neither a path nor bytes.
    """
    if isinstance(source, bytes):
        return source
    if not isinstance(source, str | Path):
        raise TypeError(
            f"the photo is {type(source).__name__}; expected a path, a file's bytes, or a Cutout of one of these"
        )
    try:
        return Path(source).read_bytes()
    except (OSError, ValueError) as error:
        raise ImageError(str(source), reason(error) if isinstance(error, OSError) else str(error)) from error
