"""Attribute-specific fashion retrieval: find items that share a neckline, a sleeve length, a colour.

    from fashionsdk import Embedder, Matcher

    embedder = Embedder("shop-bundle")
    gallery = Matcher(keys, embedder.embed(photos))
    gallery.search(embedder.embed("query.jpg"), "neckline", k=10)

Names are loaded when they are first used, so that ``import fashionsdk`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fashionsdk.attributes import Attribute
    from fashionsdk.bundle import Bundle
    from fashionsdk.embedding import EmbeddedItem, Embedder, check
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.errors import BackendError, BundleError, FashionSDKError, GalleryError, ImageError, LabelsError
    from fashionsdk.photos import Cutout, Preprocessing
    from fashionsdk.search import Contract, Example, Matcher, Matches, field
    from fashionsdk.values import Prediction, ValueSpace

_HOMES = {
    "Attribute": "attributes",
    "BackendError": "errors",
    "Bundle": "bundle",
    "BundleError": "errors",
    "Contract": "search",
    "Cutout": "photos",
    "EmbeddedItem": "embedding",
    "Embedder": "embedding",
    "Embeddings": "embeddings",
    "Example": "search",
    "FashionSDKError": "errors",
    "GalleryError": "errors",
    "ImageError": "errors",
    "LabelsError": "errors",
    "Matcher": "search",
    "Matches": "search",
    "Prediction": "values",
    "Preprocessing": "photos",
    "ValueSpace": "values",
    "check": "embedding",
    "field": "search",
}

__all__ = [
    "Attribute",
    "BackendError",
    "Bundle",
    "BundleError",
    "Contract",
    "Cutout",
    "EmbeddedItem",
    "Embedder",
    "Embeddings",
    "Example",
    "FashionSDKError",
    "GalleryError",
    "ImageError",
    "LabelsError",
    "Matcher",
    "Matches",
    "Prediction",
    "Preprocessing",
    "ValueSpace",
    "check",
    "field",
]


def __getattr__(name: str) -> Any:
    """Load a public name from the module that defines it."""
    if name == "__version__":
        return _version()
    if name not in _HOMES:
        raise AttributeError(f"module 'fashionsdk' has no attribute {name!r}")
    return getattr(import_module(f"fashionsdk.{_HOMES[name]}"), name)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fashionsdk")
    except PackageNotFoundError:  # a checkout that is on the path without being installed
        return "0+unknown"


def __dir__() -> list[str]:
    """List the public names."""
    return __all__
