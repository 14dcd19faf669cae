"""Where a model looks in one photo, and what it sees there."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fashionsdk.embedding import Embedder, predictions
from fashionsdk.embeddings import Embeddings
from fashionsdk.photos import ImageSource, Placement
from fashionsdk.values import Prediction


@dataclass(frozen=True, eq=False)
class Look:
    """One photo as the model sees it.

    Attributes:
        pixels: the model's input, uint8 ``(H, W, 3)``.
        placement: where the photo lies in it, and the way back to the photo's own pixels.
        attention: attribute -> where the model looked, float32 ``(h, w)``, which sums to 1.
        predictions: attribute -> what the photo probably shows; only of attributes whose values the model tells apart.
    """

    pixels: NDArray[np.uint8]
    placement: Placement
    attention: Mapping[str, NDArray[np.float32]]
    predictions: Mapping[str, Prediction]

    def __repr__(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"Look({width} x {height} pixels, attention of {', '.join(self.attention)})"


def look(embedder: Embedder, photo: ImageSource, attributes: str | list[str] | None = None) -> Look:
    """Return where a model looks in a photo for some attributes, ``None`` for all.

    Raises:
        ImageError: the photo cannot be read.
        BackendError: the model fails to run.
        TypeError: this is no photo.
        ValueError: an attribute is unknown, or the model has no attention maps.
    """
    pixels, placement = embedder.preprocessing.read_placed(photo)
    seen = embedder.embed(pixels, attention=True)
    chosen = seen if attributes is None else seen.select(attributes)
    assert chosen.attention is not None, "attention was requested"
    maps = dict(zip(chosen.attributes, chosen.attention[0], strict=True))
    return Look(pixels, placement, maps, _predictions(seen, chosen.attributes))


def _predictions(seen: Embeddings, names: tuple[str, ...]) -> dict[str, Prediction]:
    """Return what a photo shows of those attributes whose values are told apart."""
    known = [] if seen.values is None else [name for name in names if name in seen.values.values]
    return predictions(seen, attributes=known)[0] if known else {}
