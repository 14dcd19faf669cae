"""A small gallery file, in the format of today and in that of version 1."""

import hashlib
import json
import struct

import numpy as np

from fashionsdk.search.stores import Contract
from fashionsdk.search.stores.file._gallery_file import GalleryContents

AXES = np.eye(3, dtype=np.float32)


def small() -> GalleryContents:
    vectors = {"neckline": AXES[[0, 1]], "colour": AXES[[2, 0], :2]}
    contract = Contract("model-1", {"neckline": 3, "colour": 2}, precision="fp16")
    return GalleryContents(contract, ["a.jpg", "b\udcff.jpg"], [{"price": 20}, {}], vectors)


def first_version(path) -> None:
    """Write the small gallery as version 1 has it, with nothing but the document's words."""
    rows = {"neckline": AXES[[0, 1]], "colour": AXES[[2, 0]]}
    items = json.dumps({"keys": ["a.jpg", "b\udcff.jpg"], "metadata": [{"price": 20}, {}]}).encode()
    blocks = {"items": items} | {f"vectors/{name}": each.astype("<f4").tobytes() for name, each in rows.items()}
    sections, body = [], b""
    for name, block in blocks.items():
        body += bytes(-len(body) % 64)
        digest = hashlib.sha256(block).hexdigest()
        sections.append({"name": name, "offset": len(body), "bytes": len(block), "sha256": digest})
        body += block
    described = {"model": "model-1", "attributes": list(rows), "dimension": 3, "count": 2, "sections": sections}
    header = json.dumps(described).encode()
    start = struct.pack("<8sII32s", b"\x89FSG\r\n\x1a\n", 1, len(header), hashlib.sha256(header).digest()) + header
    path.write_bytes(start + bytes(-len(start) % 64) + body)
