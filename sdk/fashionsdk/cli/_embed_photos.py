"""Embeds the photos of a command line, and names every photo that fails."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self

from fashionsdk.cli._find_photos import PhotoList, counted
from fashionsdk.cli._output import MOST_NAMED, note, note_skipped
from fashionsdk.errors import FashionSDKError

if TYPE_CHECKING:
    from fashionsdk.embedding import Embedder
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.evaluation import Batch
    from fashionsdk.photos import ImageSource


@dataclass
class PhotoRun:
    """Embeds photos and records which were skipped, and why.

    Attributes:
        embedder: the model.
        on_error: whether a photo that cannot be read ends the run.
        folders: folder -> why it could not be searched for photos.
        left_out: kind of file -> how many the folders hold that are no photos.
        others: how many photos there were that need not be embedded; with some, it is no error if no other can be read.
        embedded: how many photos were embedded.
        skipped: photo -> why it was not.
    """

    embedder: "Embedder"
    on_error: Literal["raise", "skip"] = "skip"
    folders: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    others: int = 0
    embedded: int = 0
    skipped: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, embedder: "Embedder", found: PhotoList, on_error: Literal["raise", "skip"] = "skip", others: int = 0
    ) -> Self:
        """Return a run over what was found on the command line."""
        return cls(embedder, on_error, found.unreadable, found.left_out, others)

    @property
    def attributes(self) -> list[str]:
        """The names of the model's attributes."""
        return [attribute.name for attribute in self.embedder.attributes]

    def __call__(
        self, photos: Sequence["ImageSource"], *, attention: bool = False
    ) -> Iterator[tuple[int, "Embeddings"]]:
        """Yield each readable photo's position and its embeddings (N = 1), with progress on stderr.

        Raises:
            ImageError: a photo cannot be read, and ``on_error`` is ``raise``.
            FashionSDKError: no photo could be read.
        """
        for folder, reason in self.folders.items():
            note(f"skipped the folder {folder}: {reason}")
        if self.left_out:
            note(f"skipped what is no photo in the folders: {counted(self.left_out)}")
        from fashionsdk.photos import describe

        items = self.embedder.embed_many(
            photos, attention=attention, on_error=self.on_error, progress=True, total=len(photos)
        )
        for item in items:
            if item.embeddings is None:
                self._skip(describe(photos[item.index]), item.error)
            else:
                self.embedded += 1
                yield item.index, item.embeddings
        self._finish()

    def batches(self, photos: Sequence["ImageSource"]) -> Iterator["Batch"]:
        """Yield each readable photo's position ``(1,)`` and embeddings ``(1, A, D)``, as evaluations take them.

        Raises:
            FashionSDKError: as when the run is called.
        """
        import numpy as np

        for position, embeddings in self(photos):
            yield np.array([position]), embeddings.vectors

    def _skip(self, photo: str, error: Exception | None) -> None:
        self.skipped[photo] = str(getattr(error, "reason", error))
        if len(self.skipped) <= MOST_NAMED:
            note(f"skipped {photo}: {self.skipped[photo]}")

    def _finish(self) -> None:
        note_skipped(len(self.skipped), len(self.skipped) + self.embedded, "photos")
        if not self.embedded and not self.others:
            raise FashionSDKError(f"none of the {len(self.skipped)} photos could be read; expected at least one")

    def summary(self) -> dict[str, object]:
        """Return what was embedded and skipped, as JSON values."""
        reasons = [*self.folders.items(), *self.skipped.items()]
        skipped = [{"photo": path, "reason": reason} for path, reason in reasons]
        return {
            "photos": self.embedded,
            "skipped": skipped,
            "left_out": dict(self.left_out),
            "model": self.embedder.model,
        }
