"""From the photos of a command line to their embeddings, with every photo that fails named."""

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from fashionsdk.cli.output import note, printable
from fashionsdk.errors import FashionSDKError

if TYPE_CHECKING:
    from fashionsdk.embedder import Embedder
    from fashionsdk.embeddings import Embeddings

EXTENSIONS = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".bmp", ".tif", ".tiff", ".ppm"))


def find_photos(paths: Sequence[str]) -> list[str]:
    """Return the files named, and the photos in the folders named, sorted within each; each path once.

    A file is taken whatever its name; reading it will tell. Hidden files and folders within a folder are left out.

    Raises:
        FashionSDKError: there is none.
    """
    found = [photo for path in paths for photo in (_walk(path) if os.path.isdir(path) else [path])]
    if not found:
        raise FashionSDKError(
            f"no photos in {', '.join(paths)}; expected files ending in {', '.join(sorted(EXTENSIONS))}"
        )
    return list(dict.fromkeys(found))


def _walk(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if Path(name).suffix.lower() in EXTENSIONS and not name.startswith("."):
                yield os.path.join(parent, name)


@dataclass
class PhotoRun:
    """Embeds photos one by one and keeps the book.

    Attributes:
        embedded: how many came through.
        skipped: photo -> why it did not.
    """

    embedder: "Embedder"
    on_error: Literal["raise", "skip"] = "skip"
    embedded: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    def __call__(self, photos: Sequence[str], *, attention: bool = False) -> Iterator[tuple[int, "Embeddings"]]:
        """Yield each readable photo's position and its embeddings (N = 1), with progress on stderr.

        Raises:
            ImageError: a photo cannot be read, and ``on_error`` is ``raise``.
            FashionSDKError: no photo could be read.
        """
        items = self.embedder.embed_many(
            photos, attention=attention, on_error=self.on_error, progress=True, total=len(photos)
        )
        for item in items:
            if item.embeddings is None:
                self._skip(photos[item.index], item.error)
            else:
                self.embedded += 1
                yield item.index, item.embeddings
        self._finish()

    def _skip(self, photo: str, error: Exception | None) -> None:
        from tqdm import tqdm

        self.skipped[photo] = str(getattr(error, "reason", error))
        with tqdm.external_write_mode(file=sys.stderr):  # between the bar's updates
            print(f"skipped {printable(photo)}: {printable(self.skipped[photo])}", file=sys.stderr)

    def _finish(self) -> None:
        if self.skipped:
            note(f"skipped {len(self.skipped)} of {len(self.skipped) + self.embedded} photos")
        if not self.embedded:
            raise FashionSDKError(f"none of the {len(self.skipped)} photos could be read; nothing was written")

    def summary(self) -> dict[str, object]:
        """Return the book as JSON values."""
        skipped = [{"photo": photo, "reason": reason} for photo, reason in self.skipped.items()]
        return {"photos": self.embedded, "skipped": skipped, "model": self.embedder.model}
