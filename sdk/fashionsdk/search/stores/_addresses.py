"""Where a gallery is kept, as text: ``memory:``, a file, a folder, or the address of a server."""

import os
import re
from importlib import import_module
from pathlib import Path

from fashionsdk._tools.files.regular_file import checked_name
from fashionsdk.errors import GalleryError
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._milvus_location import Location as MilvusLocation
from fashionsdk.search.stores._postgres_location import Location as PostgresLocation
from fashionsdk.search.stores._store import Store
from fashionsdk.search.stores.file import load_gallery
from fashionsdk.search.stores.local import FILE, create_folder, open_folder
from fashionsdk.search.stores.memory import MemoryStore

MEMORY, SUFFIX = "memory:", ".gallery"
POSTGRES, MILVUS = ("postgresql", "postgres"), ("milvus",)
KINDS = (
    "'memory:', a gallery file such as 'shop.gallery', a folder such as 'shop/', or a server such as "
    "'postgresql://shop@localhost/catalogue' or 'milvus://localhost:19530/shop'"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")  # two letters at least: one is a drive


def is_server(address: str | os.PathLike[str]) -> bool:
    """Tell whether an address is that of a server."""
    scheme = _SCHEME.match(address) if isinstance(address, str) else None
    return scheme is not None and scheme[1].lower() in (*POSTGRES, *MILVUS)


def is_folder(address: str | os.PathLike[str]) -> bool:
    """Tell whether an address is that of a folder: it ends in a slash, or one is there."""
    name = os.fspath(address)
    return name.endswith(("/", os.sep)) or os.path.isdir(name)


def same_place(one: str | os.PathLike[str], other: str | os.PathLike[str]) -> bool:
    """Tell whether two addresses are of one gallery."""
    if is_server(one) or is_server(other):
        return one == other
    return os.path.realpath(os.fspath(one)) == os.path.realpath(os.fspath(other))


def shown(address: str | os.PathLike[str]) -> str:
    """Return an address as people may see it: without the password of a server."""
    name = os.fspath(address)
    if not is_server(name):
        return name
    return str(MilvusLocation.parse(name) if _is_milvus(name) else PostgresLocation.parse(name))


def contract_at(address: str | os.PathLike[str]) -> Contract | None:
    """Return the contract of the gallery at an address, ``None`` if there is none yet.

    Raises:
        GalleryError: it is damaged, or its server cannot be reached.
    """
    name = os.fspath(address)
    if is_server(name):
        return _server_contract(name)
    if not os.path.isfile(os.path.join(name, FILE) if os.path.isdir(name) else name):
        return None
    store = open_store(name, read_only=True)
    store.close()
    return store.contract


def open_store(
    address: str | os.PathLike[str],
    *,
    contract: Contract | None = None,
    create: bool = False,
    model: str | None = None,
    read_only: bool = False,
) -> Store:
    """Open the store at an address; see `fashionsdk.Matcher.open`.

    Raises:
        TypeError: the address is no path.
        ValueError: no contract is given for a new store, or no store has such an address.
        GalleryError: there is no store, it is damaged, or its contract is another one.
    """
    if not isinstance(address, (str, os.PathLike)):
        raise TypeError(f"address is {address!r:.60}; expected {KINDS}")
    store = _opened(address, contract, create, read_only)
    try:
        if contract is not None:
            store.contract.check(contract, what="what is asked for")
        if model is not None and model != store.contract.digest:
            raise GalleryError(
                f"the gallery {os.fspath(address)} was made by model {store.contract.digest}, expected {model}; "
                "open it with the bundle that made it, or index the photos again with this one"
            )
    except BaseException:
        store.close()
        raise
    return store


def _opened(address: str | os.PathLike[str], contract: Contract | None, create: bool, read_only: bool) -> Store:
    name = os.fspath(address)
    if name == MEMORY:
        return MemoryStore(_needed(contract, name))
    if is_server(address):
        return _on_server(name, contract if create else None, read_only)
    scheme = _SCHEME.match(name) if isinstance(address, str) else None
    if scheme and not os.path.exists(name):
        raise ValueError(f"address is {name!r}, and no store is called {scheme[1]!r}; expected {KINDS}")
    if is_folder(name) or (create and not name.lower().endswith(SUFFIX)):
        folder = Path(checked_name(name))
        if create and not (folder / FILE).exists():
            create_folder(folder, _needed(contract, name))
        return open_folder(folder, read_only=read_only)
    if create and not os.path.exists(name):
        raise ValueError(f"{name} is not there, and a gallery file is made whole by save(); expected {KINDS}")
    return load_gallery(name)


def _server_contract(address: str) -> Contract | None:
    if _is_milvus(address):
        _check_client("pymilvus", "Milvus", "milvus")
        from fashionsdk.search.stores.milvus import milvus_contract

        return milvus_contract(address)
    _check_client("psycopg_pool", "PostgreSQL", "postgres")
    from fashionsdk.search.stores.postgres import postgres_contract

    return postgres_contract(address)


def _on_server(address: str, contract: Contract | None, read_only: bool) -> Store:
    if _is_milvus(address):
        _check_client("pymilvus", "Milvus", "milvus")
        from fashionsdk.search.stores.milvus import open_milvus

        return open_milvus(address, contract, read_only=read_only)
    _check_client("psycopg_pool", "PostgreSQL", "postgres")
    from fashionsdk.search.stores.postgres import open_postgres

    return open_postgres(address, contract, read_only=read_only)


def _is_milvus(address: str) -> bool:
    return address.partition(":")[0].lower() in MILVUS


def _check_client(module: str, server: str, extra: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise GalleryError(
            f"galleries in {server} need {module.partition('_')[0]}, which cannot be loaded ({error}); run: pip "
            f"install 'fashionsdk[{extra}]'"
        ) from error


def _needed(contract: Contract | None, name: str) -> Contract:
    if contract is None:
        raise ValueError(f"no contract for a new gallery at {name}; give contract=Contract(...)")
    return contract
