"""Give a gallery's items the vectors of attributes that were added to its model; the others stay bit for bit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fashionsdk.errors import GalleryError
from fashionsdk.search._stored_items import StoredItems
from fashionsdk.search.stores import Contract, Items

# From keys to each one's vectors by attribute; ``None`` for an item whose photo cannot be read.
EmbedKeys = Callable[[Sequence[str]], Sequence[Mapping[str, NDArray[np.float32]] | None]]
EMBEDDED_AT_ONCE = 256  # items whose vectors are in memory


def check_extends(old: Contract, new: Contract, earlier: Sequence[str]) -> list[str]:
    """Return the attributes that a model has beyond a gallery's.

    Args:
        old: the gallery's.
        new: the model's.
        earlier: digests of the models that this one added attributes to, whose vectors it gives bit for bit.

    Raises:
        GalleryError: the gallery's model is none of these, or its vectors are not of this precision or preprocessing.
    """
    if old.digest not in earlier:
        raise GalleryError(
            f"the gallery was made by model {old.digest[:12]}, and this bundle's model {new.digest[:12]} is not that "
            "model with attributes added (training/add_attribute.py); index the photos again with this bundle"
        )
    common = replace(new, digest=old.digest, dimensions={name: new.dimensions.get(name, 1) for name in old.dimensions})
    old.check(common, what="the bundle", codec=False)
    return [name for name in new.dimensions if name not in old.dimensions]


def extend_items(source: StoredItems, target: StoredItems, embed: EmbedKeys) -> Iterator[tuple[int, int, list[str]]]:
    """Copy all items with further attributes; yield how many were read and written, and the keys that lack them.

    Whatever was yielded is in ``target``. Called again after an interruption, it goes on with what is missing.

    Args:
        source: whose items to copy.
        target: where to; its contract has the attributes of ``source``, of the same codec, and more.
        embed: gives the vectors of the other attributes.

    Raises:
        GalleryError: a gallery cannot be read or written.
    """
    for whole in source.batches():
        for start in range(0, len(whole.keys), EMBEDDED_AT_ONCE):
            keys = list(whole.keys[start : start + EMBEDDED_AT_ONCE])
            known = target.known(keys)
            rows = [start + row for row, key in enumerate(keys) if key not in known]
            missing = _put(whole, rows, target, embed) if rows else []
            yield len(keys), len(rows), missing


def _put(whole: Items, rows: Sequence[int], target: StoredItems, embed: EmbedKeys) -> list[str]:
    items = whole.at(rows)
    keys, vectors = items.keys, dict(items.vectors)
    embedded = embed(keys)
    for name, length in target.contract.dimensions.items():
        if name not in vectors:
            nothing = np.zeros(length, np.float32)
            vectors[name] = np.stack([nothing if found is None else found[name] for found in embedded])
    target.put(Items(keys, vectors, items.metadata))
    return [key for key, found in zip(keys, embedded, strict=True) if found is None]
