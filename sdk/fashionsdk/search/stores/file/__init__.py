"""The gallery file: one file that holds a whole gallery, read into memory."""

from fashionsdk.search.stores.file._gallery_file import count_items, is_gallery
from fashionsdk.search.stores.file._saved import load_gallery, save_gallery

__all__ = ["count_items", "is_gallery", "load_gallery", "save_gallery"]
