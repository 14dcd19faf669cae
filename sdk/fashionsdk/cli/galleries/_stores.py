"""Opens the gallery that a command names: to read it, or to change it and have the change kept."""

import argparse
import importlib.util
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionsdk._tools.files.regular_file import system_errors_as
from fashionsdk.cli._options import nonblank
from fashionsdk.errors import FashionSDKError

if TYPE_CHECKING:
    from fashionsdk.embedding import Embedder
    from fashionsdk.search import Contract, Matcher

STORE_HELP = (
    "gallery: a file such as shop.gallery, a folder such as shop/, or a server such as "
    "postgresql://shop@localhost/catalogue or milvus://localhost/shop"
)
SUFFIX = ".gallery"


def add_store_argument(
    parser: argparse.ArgumentParser, name: str = "store", text: str = STORE_HELP, **more: Any
) -> None:
    """Add the gallery that a command works on."""
    parser.add_argument(
        name, type=nonblank, metavar="STORE" if name.startswith("-") else name.upper(), help=text, **more
    )


def require(module: str, extra: str) -> None:
    """Check that what a command needs beside the SDK is installed.

    Raises:
        FashionSDKError: it is not.
    """
    if importlib.util.find_spec(module) is None:
        raise FashionSDKError(f"this command needs {module}; run: pip install 'fashionsdk[{extra}]'")


def contract_of(embedder: "Embedder", codec: str | None = None) -> "Contract":
    """Return what vectors of an embedder come from; ``codec`` is that of a new gallery."""
    from fashionsdk.search import bundle_contract

    return bundle_contract(embedder.bundle, embedder.backend.precision, codec)


def shown_address(store: str) -> str:
    """Return where a gallery is, as people may see it: without the password of a server."""
    from fashionsdk.search.stores import shown

    return shown(store)


def precisions_of(embedder: "Embedder") -> list[str]:
    """Return the precisions of a bundle's graphs, which its export has proved to rank alike."""
    return [graph.precision for graph in embedder.bundle.manifest.graphs]


def bundle_or_gallery_contract(address: str) -> "Contract":
    """Return what the vectors of a gallery come from, or those of a bundle's default graph; no model is opened.

    Raises:
        FashionSDKError: there is neither, or it cannot be read.
    """
    from fashionsdk.bundle import MANIFEST_FILE, Bundle
    from fashionsdk.search import Matcher, bundle_contract

    if os.path.exists(os.path.join(address, MANIFEST_FILE)):
        bundle = Bundle.open(address)
        return bundle_contract(bundle, bundle.manifest.graphs[0].precision)
    with Matcher.open(address, read_only=True) as matcher:
        return matcher.contract


def open_to_read(store: str, embedder: "Embedder | None" = None) -> "Matcher":
    """Open a gallery; with an embedder, only one whose vectors compare with the embedder's.

    Raises:
        GalleryError: there is none, it is damaged, or it was made by another model.
    """
    from fashionsdk.search import Matcher, open_for

    return Matcher.open(store, read_only=True) if embedder is None else open_for(embedder, store)


@contextmanager
def changing(
    store: str, contract: "Contract | None" = None, codec: str | None = None, alike: Collection[str] = ()
) -> Iterator["Matcher"]:
    """Yield a gallery to change; with a contract, a new one if there is none yet.

    A folder or a server keeps each change at once. A file is replaced when the block ends without an error, and whoever
    else wants to change it waits meanwhile.

    Args:
        store: where it is.
        contract: what its vectors must come from.
        codec: of a new gallery; an existing one must have it if it is given.
        alike: precisions of the model that were proved to rank alike, so that they may meet in one gallery.

    Raises:
        FashionSDKError: it cannot be read or written, or does not fit the contract.
    """
    from fashionsdk.search import Matcher
    from fashionsdk.search.stores import is_folder, is_server

    expected = _expected(store, contract, codec, alike)
    if is_folder(store) or is_server(store):
        with Matcher.open(store, contract=expected, create=contract is not None) as matcher:
            yield matcher
        return
    with _file_changing(store, expected) as matcher:
        yield matcher


@contextmanager
def _file_changing(store: str, contract: "Contract | None") -> Iterator["Matcher"]:
    from fashionsdk._tools.files.atomic_file import locked
    from fashionsdk.search import Matcher

    path = Path(store)
    if not path.exists() and path.suffix.lower() != SUFFIX:
        raise FashionSDKError(f"{store} is not there; for a new gallery expected a name such as shop{SUFFIX} or shop/")
    with system_errors_as(FashionSDKError, f"cannot write {store}"), locked(path.with_name(f".{path.name}.changing")):
        if contract is not None and not path.exists():
            matcher = Matcher.open("memory:", contract=contract)
        else:
            matcher = Matcher.open(store, contract=contract)
        with matcher:
            yield matcher
            matcher.save(path)


def _expected(store: str, contract: "Contract | None", codec: str | None, alike: Collection[str]) -> "Contract | None":
    """Return the contract to open a gallery with: it takes over what an existing one may decide."""
    from fashionsdk.search.stores import contract_at

    found = contract_at(store)
    if contract is None or found is None:
        return contract
    if codec is None:
        contract = replace(contract, codec=found.codec)
    return (
        replace(contract, precision=found.precision)
        if {contract.precision, found.precision} <= set(alike)
        else contract
    )
