"""Where a gallery's items are kept: one protocol, and the stores that keep it."""

from fashionsdk.search.stores._addresses import contract_at, is_folder, is_server, open_store, same_place, shown
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._json_values import json_copy
from fashionsdk.search.stores._store import JSON, Answers, Items, Store
from fashionsdk.search.stores.file import count_items, is_gallery, load_gallery, save_gallery
from fashionsdk.search.stores.memory import MemoryStore

__all__ = [
    "JSON",
    "Answers",
    "Contract",
    "Items",
    "MemoryStore",
    "Store",
    "contract_at",
    "count_items",
    "is_folder",
    "is_gallery",
    "is_server",
    "json_copy",
    "load_gallery",
    "open_store",
    "same_place",
    "save_gallery",
    "shown",
]
