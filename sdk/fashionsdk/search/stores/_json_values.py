"""Metadata as JSON: what JSON lacks is named by item and field, before anything is stored."""

import json
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np

from fashionsdk.search.stores._store import JSON

MOST_LEVELS = 20  # that a fault is looked for within


def encode_json(value: object) -> bytes:
    """Return ``value`` as strict JSON in ASCII; file names with unpaired surrogates survive too.

    NumPy's numbers and truth values become plain ones.

    Raises:
        TypeError: JSON has no such value.
        ValueError: a number is not finite, or the value is nested too deeply or holds itself.
    """
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":"), default=_plain).encode("ascii")
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def decode_json(text: bytes) -> Any:
    """Parse strict JSON.

    Raises:
        ValueError: the text is not JSON, or holds a number that is not finite, as 1e999 becomes.
    """
    return json.loads(text, parse_constant=_reject, parse_float=_finite)


def json_copy(metadata: Sequence[Mapping[str, JSON]], keys: Sequence[str]) -> list[Mapping[str, JSON]]:
    """Return the metadata of the items with these keys as JSON would give them back.

    Raises:
        TypeError: a field has a value that JSON does not have. The message names item and field.
        ValueError: a number is not finite, likewise.
    """
    try:
        copy: list[Mapping[str, JSON]] = decode_json(encode_json([dict(entry) for entry in metadata]))
        return copy
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        for key, entry in zip(keys, metadata, strict=True):
            if fault := _fault(dict(entry), ""):
                raise kind(f"the metadata of {key!r} cannot be stored: {_described(*fault)}") from error
        raise


def name_infinite(text: bytes) -> str:
    """Return where items, as a gallery stores them, hold a number that is not finite; "" if they hold none."""
    try:
        items = json.loads(text)
        for key, entry in zip(items["keys"], items["metadata"], strict=True):
            if fault := _fault(entry, ""):
                return f"the metadata of {key!r}: {_described(*fault)}"
    except (TypeError, ValueError, LookupError, RecursionError):  # other faults, which the reader names
        pass
    return ""


def _fault(value: object, place: str, levels: int = MOST_LEVELS) -> tuple[str, object] | None:
    """Return the place of the first value that is not JSON, such as ``size.waist[1]``, and the value."""
    if _fits(value):
        return None
    parts: Iterable[tuple[str, object]] = ()
    if isinstance(value, dict):
        parts = ((f"{place}.{name}".removeprefix("."), part) for name, part in value.items())
    elif isinstance(value, (list, tuple)):
        parts = ((f"{place}[{index}]", part) for index, part in enumerate(value))
    inner = (fault for name, part in parts if (fault := _fault(part, name, levels - 1))) if levels else iter(())
    return next(inner, (place or "it", value))


def _fits(value: object) -> bool:
    try:
        encode_json(value)
    except (TypeError, ValueError):
        return False
    return True


def _described(place: str, value: object) -> str:
    expected = "text, a finite number, true, false, None, or a list or a dict with text as keys of these"
    if isinstance(value, (float, np.floating)):
        expected = "a finite number; leave the field out, or use None"
    elif isinstance(value, Decimal):
        expected = "a number or text; convert it with float() or str()"
    elif isinstance(value, np.ndarray):
        expected = "a list; convert it with .tolist()"
    return f"{place} is {reprlib.repr(value)}, {type(value).__name__}; expected {expected}"


def _plain(value: object) -> object:
    if isinstance(value, (np.bool_, np.integer, np.floating)):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if value - value:  # infinity: the difference is NaN
        _reject(number)
    return value


def _reject(number: str) -> NoReturn:
    raise ValueError(f"{number:.30} is no finite number, which JSON does not have")
