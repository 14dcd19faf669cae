"""Where a gallery's items are kept: one protocol, and a store in memory with its file."""

from fashionsdk.search.stores._gallery_file import MAGIC, decode_json, encode_json
from fashionsdk.search.stores._memory import MemoryStore, load_gallery, save_gallery
from fashionsdk.search.stores._store import JSON, Answers, Contract, Items, Store

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
