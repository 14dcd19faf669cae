"""Galleries of a model: what its vectors promise, and opening a gallery that they fit."""

import json
from typing import TYPE_CHECKING

from fashionsdk._tools import strict_json
from fashionsdk.errors import GalleryError
from fashionsdk.search._matcher import Matcher
from fashionsdk.search.stores import Contract

if TYPE_CHECKING:
    from fashionsdk.bundle import Bundle
    from fashionsdk.embedding import Embedder


def bundle_contract(bundle: "Bundle", precision: str, codec: str | None = None) -> Contract:
    """Return what vectors of a bundle's graph come from; ``codec`` is that of a new gallery, or the bundle's."""
    manifest = bundle.manifest
    return Contract(
        manifest.model.digest,
        manifest.dimensions,
        codec=codec or manifest.model.codec,  # type: ignore[arg-type]  # checked by Contract
        precision=precision,
        preprocessing=json.dumps(strict_json.encode(manifest.preprocessing), sort_keys=True),
    )


def open_for(embedder: "Embedder", address: str, *, read_only: bool = True) -> Matcher:
    """Open a gallery whose vectors compare with an embedder's.

    Raises:
        GalleryError: there is none, it is damaged, or it was made by another model.
    """
    matcher = Matcher.open(address, read_only=read_only, model=embedder.model, values=embedder.values)
    try:
        check_fits(embedder, matcher)
    except GalleryError:
        matcher.close()
        raise
    return matcher


def check_fits(embedder: "Embedder", matcher: Matcher) -> None:
    """Check that an embedder's vectors compare with a gallery's; precisions that were proved to rank alike may meet.

    Raises:
        GalleryError: they do not.
    """
    alike = [graph.precision for graph in embedder.bundle.manifest.graphs]
    contract = bundle_contract(embedder.bundle, embedder.backend.precision)
    matcher.contract.check(contract, what="the photo", codec=False, alike=alike)
