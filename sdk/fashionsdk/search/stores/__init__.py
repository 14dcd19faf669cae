"""Where a gallery's items are kept: one protocol, and a store in memory with its file."""

from fashionsdk.search.stores._base import JSON, Answers, Contract, Items, Store
from fashionsdk.search.stores._gallery_file import MAGIC, decode_json, encode_json
from fashionsdk.search.stores._memory import MemoryStore, load_gallery, save_gallery

__all__ = [
    "JSON",
    "MAGIC",
    "Answers",
    "Contract",
    "Items",
    "MemoryStore",
    "Store",
    "decode_json",
    "encode_json",
    "load_gallery",
    "save_gallery",
]
