"""The gallery file: keys, metadata, vectors. ``docs/gallery-format.md`` specifies every byte."""

import hashlib
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from fashionsdk._tools.files.atomic_file import replacing
from fashionsdk._tools.files.regular_file import open_regular, reason
from fashionsdk.errors import GalleryError
from fashionsdk.search.scan import stored_dtype
from fashionsdk.search.stores._contract import Contract
from fashionsdk.search.stores._json_values import decode_json, encode_json, name_infinite
from fashionsdk.search.stores._store import JSON

MAGIC = b"\x89FSG\r\n\x1a\n"  # as in PNG: detects a transfer that changes line ends or strips a bit
FORMAT_VERSION = 2
FIRST_VERSION = 1  # float32 vectors of one length; an item has all attributes
ALIGNMENT = 64
PRELUDE = struct.Struct("<8sII32s")  # magic, format version, header length, sha256 of the header
REMEDY = "restore a copy, or make it again with 'fashionsdk index'"


@dataclass(frozen=True, eq=False)
class GalleryContents:
    """What a gallery file holds: G items, and what their vectors come from.

    Attributes:
        contract: what the vectors come from, and how they are stored.
        keys: G names, each once.
        metadata: G JSON objects.
        vectors: attribute name -> ``(G, D_a)``, as the codec stores them; zeros for an item without the attribute.
    """

    contract: Contract
    keys: Sequence[str]
    metadata: Sequence[Mapping[str, JSON]]
    vectors: Mapping[str, NDArray[Any]]


def write_gallery(path: str | os.PathLike[str], contents: GalleryContents) -> None:
    """Write ``contents`` to ``path`` as one step: a crash leaves the old file or the new one.

    Raises:
        GalleryError: the file cannot be written; what was saved before is untouched.
    """
    items = encode_json({"keys": list(contents.keys), "metadata": list(contents.metadata)})
    blocks = {"items": memoryview(items)}
    for name, rows in contents.vectors.items():
        stored = np.ascontiguousarray(rows, stored_dtype(contents.contract.codec))
        blocks[_section_name(name)] = _bytes(stored)
    sections, end = [], 0
    for name, block in blocks.items():
        offset = _align(end)
        end = offset + block.nbytes
        digest = hashlib.sha256(block).hexdigest()
        sections.append({"name": name, "offset": offset, "bytes": end - offset, "sha256": digest})
    header = encode_json(
        {
            "contract": contents.contract.to_json(),
            "count": len(contents.keys),
            "sections": sections,
        }
    )
    try:
        with replacing(path) as file:
            file.write(PRELUDE.pack(MAGIC, FORMAT_VERSION, len(header), hashlib.sha256(header).digest()))
            file.write(header)
            for block in blocks.values():
                file.write(bytes(-file.tell() % ALIGNMENT))
                file.write(block)
    except OSError as error:
        raise GalleryError(
            f"cannot save the gallery {os.fspath(path)}: {reason(error)}; what was saved there before is untouched"
        ) from error


def read_gallery(path: str | os.PathLike[str], *, model: str | None = None) -> GalleryContents:
    """Read the gallery at ``path`` and check every byte of it; ``model`` is the digest that it must have, if given.

    Raises:
        GalleryError: the file is missing, damaged, of another format, or made by another model.
    """
    with _opened(Path(path)) as file:
        return _read(file, Path(path), model)


def count_items(path: str | os.PathLike[str]) -> int:
    """Return the number of items in a gallery; only its header is read.

    Raises:
        GalleryError: the file is missing, no gallery, of another format, or its header is damaged.
    """
    with _opened(Path(path)) as file:
        return int(_read_header(file, Path(path))["count"])


def is_gallery(file: BinaryIO) -> bool:
    """Tell whether an open file begins as a gallery does."""
    return file.read(len(MAGIC)) == MAGIC


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a gallery to read; damage is a ValueError in the block and a GalleryError outside."""
    try:
        with open_regular(path) as file:
            yield file
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise GalleryError(f"no gallery at {path}; make one with 'fashionsdk index', or check the path") from error
    except OSError as error:
        raise GalleryError(f"cannot read the gallery {path}: {reason(error)}") from error
    except (ValueError, RecursionError) as error:
        raise GalleryError(f"the gallery {path} is damaged: {error}; {REMEDY}") from error


def _read(file: BinaryIO, path: Path, model: str | None) -> GalleryContents:
    """Read an open gallery file; damage is a ValueError here."""
    header = _read_header(file, path)
    contract: Contract = header["contract"]
    if model is not None and contract.digest != model:
        raise GalleryError(
            f"the gallery {path} was made by model {contract.digest}, expected {model}; "
            "open it with the bundle that made it, or index the photos again with this one"
        )
    items, *_ = sections = header["sections"]
    keys, metadata = _parse_items(_read_section(file, items, np.dtype(np.uint8)).tobytes(), header["count"])
    dtype = stored_dtype(contract.codec)
    vectors = {
        name: _read_section(file, section, dtype).reshape(header["count"], length)
        for (name, length), section in zip(contract.dimensions.items(), sections[1:], strict=True)
    }
    return GalleryContents(contract, keys, metadata, vectors)


def _read_header(file: BinaryIO, path: Path) -> dict[str, Any]:
    """Read and check the header; the contract comes back decoded, sections' offsets from the start of the file."""
    prelude = file.read(PRELUDE.size)
    if prelude[: len(MAGIC)] != MAGIC:
        raise GalleryError(f"{path} is not a gallery: it does not start with the gallery mark; check the path")
    if len(prelude) < PRELUDE.size:
        _damaged("it ends inside its first bytes")
    _, version, length, digest = PRELUDE.unpack(prelude)
    if not FIRST_VERSION <= version <= FORMAT_VERSION:
        raise GalleryError(
            f"{path} has gallery format {version}, this SDK reads {FIRST_VERSION} to {FORMAT_VERSION}; "
            "use the SDK that wrote it, or index the photos again"
        )
    size = os.fstat(file.fileno()).st_size
    if PRELUDE.size + length > size:
        _damaged(f"a header of {length} bytes does not fit its {size} bytes")
    text = file.read(length)
    if hashlib.sha256(text).digest() != digest:
        _damaged("its header is not what was written")
    header = _checked_header(decode_json(text), version)
    _place_sections(header, _align(PRELUDE.size + length), size)
    return header


def _checked_header(header: Any, version: int) -> dict[str, Any]:
    """Check names and types, and decode the contract; ``_place_sections`` checks sizes against the file."""
    contract = {"model": str, "attributes": list, "dimension": int} if version == FIRST_VERSION else {"contract": dict}
    kinds: dict[str, type] = {**contract, "count": int, "sections": list}
    if not isinstance(header, dict) or header.keys() != kinds.keys():
        _damaged(f"its header must have exactly the entries {', '.join(kinds)}")
    if wrong := [name for name, kind in kinds.items() if type(header[name]) is not kind]:
        _damaged(f"its header's entry {wrong[0]!r} has the wrong type")
    if header["count"] < 0:
        _damaged(f"it claims {header['count']} items")
    if version == FIRST_VERSION:
        contract = {
            "digest": header["model"],
            "dimensions": [[name, header["dimension"]] for name in header["attributes"]],
        }
    else:
        contract = header["contract"]
    return {"contract": Contract.from_json(contract), "count": header["count"], "sections": header["sections"]}


def _place_sections(header: dict[str, Any], start: int, size: int) -> None:
    """Check that the sections fill the file without a gap, and count their offsets from the file's start."""
    sections, end, contract = header["sections"], 0, header["contract"]
    names = ["items", *map(_section_name, contract.dimensions)]
    if [isinstance(section, dict) and section.get("name") for section in sections] != names:
        _damaged(f"its sections must be {', '.join(names)}")
    row_bytes = [length * stored_dtype(contract.codec).itemsize for length in contract.dimensions.values()]
    for index, section in enumerate(sections):
        length = header["count"] * row_bytes[index - 1] if index else section.get("bytes")
        expected = {
            "name": names[index],
            "offset": _align(end),
            "bytes": length,
            "sha256": section.get("sha256"),
        }
        if section != expected or type(length) is not int or length < 0 or not isinstance(section["sha256"], str):
            _damaged(f"its section {names[index]!r} is described wrongly")
        end = section["offset"] + length
        section["offset"] += start
    if start + end != size:
        _damaged(f"it has {size} bytes, expected {start + end}")


def _read_section(file: BinaryIO, section: Mapping[str, Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Read one section, flat, with the zero bytes that pad it to its place."""
    if any(file.read(section["offset"] - file.tell())):
        _damaged(f"the bytes before section {section['name']!r} are not zero")
    block = np.fromfile(file, dtype, section["bytes"] // dtype.itemsize)
    if hashlib.sha256(_bytes(block)).hexdigest() != section["sha256"]:
        _damaged(f"section {section['name']!r} is not what was written")
    return block


def _parse_items(text: bytes, count: int) -> tuple[list[str], list[dict[str, JSON]]]:
    """Return the keys and the metadata of ``count`` items."""
    try:
        items = decode_json(text)
    except ValueError as error:
        raise ValueError(name_infinite(text) or error) from error
    if not isinstance(items, dict) or items.keys() != {"keys", "metadata"}:
        _damaged("its items must have exactly the entries keys, metadata")
    keys, metadata = items["keys"], items["metadata"]
    if not isinstance(keys, list) or not isinstance(metadata, list) or not len(keys) == len(metadata) == count:
        _damaged(f"it must list {count} keys and as many metadata")
    if not all(isinstance(key, str) for key in keys) or len(set(keys)) != count:
        _damaged("its keys must be different strings")
    if not all(isinstance(entry, dict) for entry in metadata):
        _damaged("its metadata must be JSON objects")
    return keys, metadata


def _bytes(block: NDArray[Any]) -> memoryview:
    """Return a contiguous array's memory, without a copy."""
    return block.reshape(-1).view(np.uint8).data


def _align(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT


def _section_name(attribute: str) -> str:
    return f"vectors/{attribute}"


def _damaged(what: str) -> NoReturn:
    raise ValueError(what)
