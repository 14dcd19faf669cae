"""Where a gallery's items are kept: one protocol, and a store in memory with its file."""

from fashionsdk.search.stores._gallery_file import count_items, is_gallery
from fashionsdk.search.stores._json_values import json_copy
from fashionsdk.search.stores._memory import MemoryStore, load_gallery, save_gallery
from fashionsdk.search.stores._store import JSON, Answers, Contract, Items, Store

__all__ = [
    "JSON",
    "Answers",
    "Contract",
    "Items",
    "MemoryStore",
    "Store",
    "count_items",
    "is_gallery",
    "json_copy",
    "load_gallery",
    "save_gallery",
]
