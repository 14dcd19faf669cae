"""What goes into a graph and what comes out: what the manifest says against what the runtime found."""

from collections.abc import Mapping, Sequence

from fashionsdk.bundle import Bundle, Manifest
from fashionsdk.errors import BundleError


def output_shapes(manifest: Manifest) -> dict[str, tuple[int, ...]]:
    """Return each output's shape without the batch: ``(A, D)``, and ``(A, h, w)`` where there is attention."""
    count = len(manifest.attributes)
    shapes: dict[str, tuple[int, ...]] = {"embeddings": (count, manifest.model.embedding_dimension)}
    if manifest.attention_shape is not None:
        shapes["attention"] = (count, *manifest.attention_shape)
    return shapes


def check_signature(bundle: Bundle, found: Mapping[str, tuple[str, Sequence[int | None]]]) -> None:
    """Check that the graph is the one the manifest speaks of.

    Args:
        bundle: the bundle.
        found: by name, each input's and output's type, such as ``"uint8"``, and shape; ``None`` for what may vary.

    Raises:
        BundleError: it is not.
    """
    side = bundle.manifest.preprocessing.side
    expected: dict[str, tuple[str, tuple[int, ...]]] = {"images": ("uint8", (side, side, 3))}
    expected |= {name: ("float32", shape) for name, shape in output_shapes(bundle.manifest).items()}
    for name, (kind, shape) in expected.items():
        if name not in found or found[name][0] != kind or not _fits(found[name][1], shape):
            raise BundleError(
                f"{bundle.path}: the graph has {dict(found)}; expected {name} to be {kind} (B, {str(shape)[1:]}; "
                "export the checkpoint again"
            )


def _fits(found: Sequence[int | None], expected: tuple[int, ...]) -> bool:
    """Tell whether a shape fits whose batch may vary; what else may vary fits any number."""
    return (
        bool(found)
        and found[0] is None
        and len(found) == len(expected) + 1
        and all(a in (None, b) for a, b in zip(found[1:], expected, strict=True))
    )
