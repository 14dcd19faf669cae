"""A gallery in a folder: one machine, many millions of items, on disk when a call returns."""

from fashionsdk.search.stores.local._database import FILE, create_folder
from fashionsdk.search.stores.local._local import LocalStore, open_folder

__all__ = ["FILE", "LocalStore", "create_folder", "open_folder"]
