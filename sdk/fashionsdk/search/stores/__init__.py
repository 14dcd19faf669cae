"""Where a gallery's items are kept."""

from fashionsdk.search.stores._gallery_file import (
    JSON,
    MAGIC,
    GalleryContents,
    decode_json,
    encode_json,
    read_gallery,
    write_gallery,
)

__all__ = [
    "JSON",
    "MAGIC",
    "GalleryContents",
    "decode_json",
    "encode_json",
    "read_gallery",
    "write_gallery",
]
