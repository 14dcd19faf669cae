"""What may enter a gallery or a call: different keys, JSON metadata, vectors of unit length, K from 1 on."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionsdk.search.stores import JSON, json_copy


def checked_keys(keys: Iterable[str], count: int, what: str = "embeddings") -> list[str]:
    """Return the keys of ``count`` items as a list; ``what`` there is as many of.

    Raises:
        TypeError: not strings.
        ValueError: another number of keys, or a key is there twice.
    """
    given = keys if isinstance(keys, str) else list(keys)
    if len(given) != count:
        raise ValueError(f"{len(given)} keys for {count} {what}; expected one key per row")
    return distinct_strings(
        given,
        expected="keys must be a list of strings, one for each image",
        repeated="given twice; each key names one item",
    )


def distinct_strings(keys: object, *, expected: str, repeated: str) -> list[str]:
    """Return a sequence of different strings as a list.

    Args:
        keys: what the caller gave.
        expected: the message if this is no sequence of strings.
        repeated: what the message says of a key that is there twice.

    Raises:
        TypeError: not a sequence of strings.
        ValueError: a key is there twice.
    """
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not all(isinstance(key, str) for key in keys):
        raise TypeError(expected)
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            raise ValueError(f"key {key!r} is {repeated}")
        seen.add(key)
    return list(keys)


def checked_metadata(metadata: Sequence[Mapping[str, JSON]] | None, keys: Sequence[str]) -> list[Mapping[str, JSON]]:
    """Return a copy of the metadata of these keys' items as JSON would give it back: saving and loading change nothing.

    Raises:
        TypeError: an entry is not a mapping, or has a value that JSON does not have.
        ValueError: another number of entries, or a number that is not finite.
    """
    if metadata is None:
        return [{} for _ in keys]
    if len(metadata) != len(keys):
        raise ValueError(f"{len(metadata)} metadata for {len(keys)} embeddings; expected one per row")
    if not all(isinstance(entry, Mapping) for entry in metadata):
        raise TypeError("each item's metadata must be a mapping, such as {'price': 20}")
    return json_copy(metadata, keys)


def checked_lacks(
    lacks: Sequence[Collection[str]], keys: Sequence[str], attributes: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """Return which of these keys' items lack an attribute, ``(N,)`` for each attribute that one lacks.

    Raises:
        TypeError: an entry is not a collection of names.
        ValueError: another number of entries, an unknown attribute, or an item lacks all.
    """
    if len(lacks) != len(keys):
        raise ValueError(f"{len(lacks)} entries of lacks for {len(keys)} embeddings; expected one per row")
    for key, names in zip(keys, lacks, strict=True):
        if isinstance(names, str) or not isinstance(names, Collection):
            raise TypeError(f"lacks of {key!r} is {names!r:.60}; expected a list of attributes, or an empty one")
        if unknown := [name for name in names if name not in attributes]:
            raise ValueError(f"lacks of {key!r} names {unknown[0]!r:.60}; expected some of {', '.join(attributes)}")
        if len(set(names)) == len(attributes):
            raise ValueError(f"{key!r} lacks every attribute; expected an item with at least one")
    missing = {name: np.array([name in names for names in lacks], np.bool_) for name in attributes}
    return {name: lacking for name, lacking in missing.items() if lacking.any()}
