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
    from fashionsdk.client import AsyncClient, Client
    from fashionsdk.embedding import EmbeddedItem, Embedder, check
    from fashionsdk.embeddings import Embeddings
    from fashionsdk.errors import (
        BackendError,
        BundleError,
        FashionSDKError,
        GalleryError,
        ImageError,
        LabelsError,
        ServiceError,
    )
    from fashionsdk.explanation import Explanation, explain
    from fashionsdk.labels import LabelSource
    from fashionsdk.photos import Cutout, Preprocessing
    from fashionsdk.search import Contract, Example, Matcher, Matches, PhotoFolder, field
    from fashionsdk.values import Prediction, ValueSpace

_HOMES = {
    "AsyncClient": "client",
    "Attribute": "attributes",
    "BackendError": "errors",
    "Bundle": "bundle",
    "BundleError": "errors",
    "Client": "client",
    "Contract": "search",
    "Cutout": "photos",
    "EmbeddedItem": "embedding",
    "Embedder": "embedding",
    "Embeddings": "embeddings",
    "Example": "search",
    "Explanation": "explanation",
    "FashionSDKError": "errors",
    "GalleryError": "errors",
    "ImageError": "errors",
    "LabelSource": "labels",
    "LabelsError": "errors",
    "Matcher": "search",
    "Matches": "search",
    "PhotoFolder": "search",
    "Prediction": "values",
    "Preprocessing": "photos",
    "ServiceError": "errors",
    "ValueSpace": "values",
    "check": "embedding",
    "explain": "explanation",
    "field": "search",
}

__all__ = [
    "AsyncClient",
    "Attribute",
    "BackendError",
    "Bundle",
    "BundleError",
    "Client",
    "Contract",
    "Cutout",
    "EmbeddedItem",
    "Embedder",
    "Embeddings",
    "Example",
    "Explanation",
    "FashionSDKError",
    "GalleryError",
    "ImageError",
    "LabelSource",
    "LabelsError",
    "Matcher",
    "Matches",
    "PhotoFolder",
    "Prediction",
    "Preprocessing",
    "ServiceError",
    "ValueSpace",
    "check",
    "explain",
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
