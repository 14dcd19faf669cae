"""Reference inputs and the trained model's answers, which a bundle carries so that anyone can check it."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle._manifest import Manifest
from fashionsdk.errors import BundleError

if TYPE_CHECKING:
    from fashionsdk.bundle._npz_reader import Kind


@dataclass(frozen=True, eq=False)
class Reference:
    """Inputs and PyTorch's FP32 answers.

    Attributes:
        images: uint8 ``(n, H, W, 3)``, n at least 1.
        embeddings: float32 ``(n, A, D)``, each of length 1.
        attention: float32 ``(n, A, h, w)``, or ``None`` for a model without attention maps.
    """

    images: NDArray[np.uint8]
    embeddings: NDArray[np.float32]
    attention: NDArray[np.float32] | None

    def __repr__(self) -> str:
        count, attributes, dimension = self.embeddings.shape
        return f"Reference({count} images, {attributes} attributes, dimension {dimension})"

    def check(self, manifest: Manifest) -> None:
        """Check shapes, types and values against the manifest.

        Raises:
            ValueError: they do not fit.
        """
        count, names = len(self.images), len(manifest.attributes)
        if count < 1:
            raise ValueError("reference has no images; expected at least 1")
        _check("images", self.images, np.uint8, (count, *manifest.preprocessing.shape))
        _check("embeddings", self.embeddings, np.float32, (count, names, manifest.model.embedding_dimension))
        if (self.attention is None) != (manifest.attention_shape is None):
            raise ValueError(
                "attention must be in both the reference and the manifest's attention_shape, or in neither"
            )
        if self.attention is not None and manifest.attention_shape is not None:
            _check("attention", self.attention, np.float32, (count, names, *manifest.attention_shape))

    def save(self, path: Path) -> None:
        """Write ``reference.npz``."""
        if self.attention is None:
            np.savez(path, images=self.images, embeddings=self.embeddings)
        else:
            np.savez(path, images=self.images, embeddings=self.embeddings, attention=self.attention)

    @classmethod
    def load(cls, path: Path, manifest: Manifest) -> "Reference":
        """Read ``reference.npz``, without pickle, and check it against the manifest.

        Raises:
            BundleError: it is missing or damaged, or its shapes do not fit the manifest.
        """
        from fashionsdk.bundle._npz_reader import read_arrays  # here: an embedder never needs it

        try:
            arrays = read_arrays(path, _kinds(manifest))
            reference = cls(arrays["images"], arrays["embeddings"], arrays.get("attention"))
            reference.check(manifest)
        except Exception as error:  # a damaged archive fails in many ways: zipfile, zlib, struct, EOFError, ValueError
            raise BundleError(f"{path} cannot be read: {error}; copy or export the bundle again") from error
        return reference


def _kinds(manifest: Manifest) -> "dict[str, Kind]":
    """Return the type and the shape of a row of each array."""
    count, shape = len(manifest.attributes), manifest.attention_shape
    kinds: dict[str, Kind] = {
        "images": (np.dtype(np.uint8), manifest.preprocessing.shape),
        "embeddings": (np.dtype(np.float32), (count, manifest.model.embedding_dimension)),
    }
    return kinds if shape is None else {**kinds, "attention": (np.dtype(np.float32), (count, *shape))}


def _check(name: str, array: NDArray[np.generic], dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(f"{name} is {array.dtype} {array.shape}; expected {np.dtype(dtype)} {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has values that are not finite")
