"""Damaged gallery files: as they are, or with digests that fit, built from docs/gallery-format.md alone."""

import hashlib
import json
import os
import struct
from pathlib import Path

import numpy as np

from damaged import bytes_damage, json_damage
from fashionsdk import Embeddings, FashionSDKError, Matcher
from fashionsdk.search.stores import JSON

MARK, ALIGNMENT, FIXED = b"\x89FSG\r\n\x1a\n", 64, 48
ITEMS, DIMENSION, NAMES = 40, 8, ("colour", "sleeve")


class Galleries:
    """Files of a small gallery, loaded, searched and saved again."""

    refusals: tuple[type[Exception], ...] = (FashionSDKError,)

    def __init__(self, folder: Path, seed: int) -> None:
        self._seed, self._path = seed, folder / f"{os.getpid()}.gallery"
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((ITEMS, len(NAMES), DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
        embeddings = Embeddings(vectors, NAMES, "0" * 64)
        metadata: list[dict[str, JSON]] = [{"price": index, "tags": ["a", None]} for index in range(ITEMS)]
        Matcher([f"photo {index}" for index in range(ITEMS)], embeddings, metadata).save(self._path)
        self._data = self._path.read_bytes()
        self._query = Embeddings(vectors[:1], NAMES, embeddings.model)

    def damaged(self, index: int) -> tuple[str, bytes]:
        """Return gallery ``index``."""
        rng = np.random.default_rng([self._seed, index])
        if index % 3 == 0:
            return "bytes", bytes_damage.damage(self._data, rng, self._data)
        header, sections = take_apart(self._data)
        if index % 3 == 1:
            return "header, signed", put_together(json_damage.damage(header, rng), b"".join(sections))
        position = int(rng.integers(len(sections)))
        if position == 0 and index % 2:
            sections[0] = json_damage.damage(json.loads(sections[0].rstrip(b"\0")), rng)
        else:
            sections[position] = bytes_damage.damage(sections[position], rng, self._data)
        return "sections, signed", put_together(*described(header, sections))

    def read(self, content: bytes) -> None:
        """Load the gallery, search it, and save it again."""
        self._path.write_bytes(content)
        gallery = Matcher.load(self._path)
        if gallery.model == self._query.model and set(NAMES) <= set(gallery.attributes) and len(gallery):
            gallery.search(self._query, NAMES[0])
        gallery.save(self._path)


def take_apart(data: bytes) -> tuple[dict[str, object], list[bytes]]:
    """Return a gallery's header, and its sections with the zero bytes after each."""
    (length,) = struct.unpack("<I", data[12:16])
    header = json.loads(data[FIXED : FIXED + length])
    start = -(-(FIXED + length) // ALIGNMENT) * ALIGNMENT
    offsets = [start + section["offset"] for section in header["sections"]]
    return header, [data[begin:end] for begin, end in zip(offsets, [*offsets[1:], len(data)], strict=True)]


def described(header: dict[str, object], sections: list[bytes]) -> tuple[bytes, bytes]:
    """Return a header that describes the sections as they are, and the sections, aligned."""
    body, entries = b"", []
    for name, section in zip(("items", *(f"vectors/{name}" for name in NAMES)), sections, strict=True):
        body += b"\0" * (-len(body) % ALIGNMENT)
        content = section.rstrip(b"\0") if name == "items" else section
        digest = hashlib.sha256(content).hexdigest()
        entries.append({"name": name, "offset": len(body), "bytes": len(content), "sha256": digest})
        body += content
    return json.dumps({**header, "sections": entries}).encode(), body


def put_together(header: bytes, body: bytes) -> bytes:
    """Return a gallery file with a header whose digest fits."""
    head = MARK + struct.pack("<II", 1, len(header)) + hashlib.sha256(header).digest() + header
    return head + b"\0" * (-len(head) % ALIGNMENT) + body
