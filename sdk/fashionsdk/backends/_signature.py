"""A graph's inputs and outputs: compare what the manifest says with a call's arguments and with the loaded graph."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.bundle import Bundle, Manifest
from fashionsdk.errors import BackendError, BundleError


def output_shapes(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Return each output's shape without the batch: ``(A, D)``, and ``(A, h, w)`` where there is attention."""
    count = len(manifest.attributes)
    shapes: dict[str, tuple[int, ...]] = {"embeddings": (count, manifest.model.embedding_dimension)}
    if manifest.attention_shape is not None:
        shapes["attention"] = (count, *manifest.attention_shape)
    return shapes


def check_call(manifest: Manifest, images: NDArray[np.uint8], attention: bool) -> None:
    """Check the arguments of `run`.

    Raises:
        ValueError: the images have another shape or type, or the model has no attention maps.
    """
    expected = manifest.preprocessing.shape
    if images.dtype != np.uint8 or images.shape[1:] != expected or len(images) < 1:
        raise ValueError(f"images are {images.dtype} {images.shape}; expected uint8 (B,) + {expected}, B >= 1")
    if attention and manifest.attention_shape is None:
        raise ValueError("attention was asked for, but this model has no attention maps")


def check_output_shape(manifest: Manifest, name: str, count: int, shape: tuple[int, ...]) -> None:
    """Check an output of ``count`` photos; the graph's declared shape leaves the number of photos open.

    Raises:
        BackendError: it has another shape.
    """
    if shape != (expected := (count, *output_shapes(manifest)[name])):
        raise BackendError(
            f"the graph gave {name} of shape {shape} for {count} photos; expected {expected}: "
            "export the checkpoint again"
        )


def check_signature(bundle: Bundle, loaded: Mapping[str, tuple[str, Sequence[int | None]]]) -> None:
    """Check that a loaded graph is the one that the manifest describes.

    Args:
        bundle: the bundle.
        loaded: the type, such as ``"uint8"``, and the shape of each input and output, by name; ``None`` for a length
            that may vary.

    Raises:
        BundleError: it is another graph.
    """
    expected: dict[str, tuple[str, tuple[int, ...]]] = {"images": ("uint8", bundle.manifest.preprocessing.shape)}
    expected |= {name: ("float32", shape) for name, shape in output_shapes(bundle.manifest).items()}
    for name, (kind, shape) in expected.items():
        if name not in loaded or loaded[name][0] != kind or not _fits(loaded[name][1], shape):
            raise BundleError(
                f"{bundle.path}: the graph has {dict(loaded)}; expected {name} to be {kind} (B, {str(shape)[1:]}; "
                "export the checkpoint again"
            )


def _fits(shape: Sequence[int | None], expected: tuple[int, ...]) -> bool:
    """Tell whether the batch of a shape may vary and the rest is as expected; other lengths that vary fit too."""
    return (
        bool(shape)
        and shape[0] is None
        and len(shape) == len(expected) + 1
        and all(a in (None, b) for a, b in zip(shape[1:], expected, strict=True))
    )
