"""Embed photos frame by frame, as Spark's ``mapInPandas`` and Ray Data's ``map_batches`` call it."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fashionsdk.embedding import Embedder

if TYPE_CHECKING:
    import pandas as pd


class FrameEmbedder:
    """A function from frames of photos to frames of vectors. It can be pickled; each process opens the model once.

    Args:
        bundle: path of the model, where the workers find it.
        photo: column of the photos' paths, or of their files' bytes.
        columns: columns to carry along.
        options: the other arguments of `Embedder`, such as ``threads=1``.
    """

    def __init__(self, bundle: str, *, photo: str = "photo", columns: Iterable[str] = (), **options: Any) -> None:
        self._bundle, self._photo, self._columns, self._options = str(bundle), photo, tuple(columns), options
        self._embedder: Embedder | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open model behind."""
        return {**self.__dict__, "_embedder": None}

    def __call__(self, frames: "Iterable[pd.DataFrame]") -> "Iterator[pd.DataFrame]":
        """Yield a frame for each: the columns carried along, ``error``, and ``vectors/ATTRIBUTE`` as lists of float32.

        A photo that cannot be read has an error, which is text, and no vectors.
        """
        return map(self.embed, frames)

    def embed(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Return one frame's vectors."""
        import pandas as pd

        embedder = self._opened()
        items = list(embedder.embed_many(frame[self._photo].tolist(), on_error="skip"))
        made = {name: frame[name].tolist() for name in self._columns}
        made["error"] = [None if item.error is None else str(item.error) for item in items]
        for name in embedder.dimensions:
            made[f"vectors/{name}"] = [
                None if item.embeddings is None else item.embeddings[name][0].tolist() for item in items
            ]
        return pd.DataFrame(made)

    def _opened(self) -> Embedder:
        if self._embedder is None:
            self._embedder = Embedder(self._bundle, **self._options)
        return self._embedder
