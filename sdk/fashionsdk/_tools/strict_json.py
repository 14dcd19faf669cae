"""JSON that is exactly a dataclass: a missing key, an unknown key or a wrong type is a named error."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")

# Metadata of a dataclass's field whose key is left out at its default: files from before there was the field have none,
# and readers from then read the others.
OPTIONAL = {"optional": True}


def optional(*, missing: Any) -> dict[str, Any]:
    """Return `OPTIONAL` for a field of which a file without the key means ``missing``, not the default."""
    return {**OPTIONAL, "missing": missing}


def encode(value: Any) -> Any:
    """Turn dataclasses, tuples and mappings into values that `json.dumps` takes."""
    if is_dataclass(value):
        return {each.name: encode(getattr(value, each.name)) for each in fields(value) if not _left_out(value, each)}
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [encode(item) for item in value]
    return value


def _left_out(value: Any, each: "Field[Any]") -> bool:
    default = each.default if each.default_factory is MISSING else each.default_factory()
    return "optional" in each.metadata and getattr(value, each.name) == default


def loads(text: str | bytes) -> Any:
    """Parse JSON strictly: NaN, infinities and a key that is there twice are errors.

    Raises:
        ValueError: the text is not such JSON.
    """
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        return json.loads(text, parse_float=_finite, parse_constant=_reject_constant, object_pairs_hook=_reject_repeats)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def decode(kind: type[T], value: Any, where: str) -> T:
    """Build a ``kind`` from parsed JSON; ``where`` names the value in errors.

    ``kind`` is a dataclass, or any type that a dataclass's field may have: ``str``, ``int``, ``float``,
    ``bool``, ``Literal``, ``tuple[X, ...]``, ``tuple[X, Y]``, ``Mapping[str, X]``, ``X | None``, a scalar or a tuple,
    ``Any``. A field that is marked `OPTIONAL` may be missing.

    Raises:
        ValueError: the value does not fit, or the dataclass rejects it.
    """
    result: T = _decode(kind, value, where)
    return result


def _decode(kind: Any, value: Any, where: str) -> Any:
    if kind is Any:
        return value
    if is_dataclass(kind):
        return _decode_dataclass(kind, value, where)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if value is None and NoneType in arguments else _decode(_chosen(arguments, value), value, where)
    if origin is Literal:
        return _check(value in arguments, value, where, "one of " + ", ".join(map(repr, arguments)))
    if origin is tuple:
        return _decode_tuple(arguments, value, where)
    if origin is Mapping:
        _check(isinstance(value, Mapping), value, where, "an object")
        return {key: _decode(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    return _decode_scalar(kind, value, where)


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    _check(isinstance(value, Mapping), value, where, "an object")
    known = {each.name: each for each in fields(kind)}
    if unknown := sorted(value.keys() - known):
        raise ValueError(f"{where} has the unknown key {unknown[0]!r}; expected {', '.join(known)}")
    if missing := [name for name, each in known.items() if name not in value and "optional" not in each.metadata]:
        raise ValueError(f"{where} lacks the key {missing[0]!r}; expected {', '.join(known)}")
    hints = get_type_hints(kind)
    decoded = {name: each.metadata["missing"] for name, each in known.items() if "missing" in each.metadata}
    decoded |= {name: _decode(hints[name], item, f"{where}.{name}") for name, item in value.items()}
    try:
        return kind(**decoded)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _chosen(kinds: tuple[Any, ...], value: Any) -> Any:
    """Return the kind of a union that an array is read as, or another value."""
    is_array = isinstance(value, (list, tuple))
    inner = [kind for kind in kinds if kind is not NoneType]
    return next((kind for kind in inner if (get_origin(kind) is tuple) == is_array), inner[0])


def _decode_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    _check(isinstance(value, (list, tuple)), value, where, "an array")
    kinds = (arguments[0],) * len(value) if arguments[-1] is Ellipsis else arguments
    _check(len(value) == len(kinds), value, where, f"{len(kinds)} items")
    return tuple(_decode(kind, item, f"{where}[{i}]") for i, (kind, item) in enumerate(zip(kinds, value, strict=True)))


def _decode_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        _check(abs(value) <= sys.float_info.max, value, where, "a finite number")  # false for NaN as well
        return float(value)
    return _check(type(value) is kind, value, where, kind.__name__)


def _check(fits: bool, value: Any, where: str, expected: str) -> Any:
    if not fits:
        raise ValueError(f"{where} is {value!r:.60}; expected {expected}")
    return value


def _finite(number: str) -> float:
    value = float(number)
    return value if abs(value) <= sys.float_info.max else _reject_constant(number)


def _reject_constant(name: str) -> Any:
    raise ValueError(f"it has the number {name}; expected finite numbers")


def _reject_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        repeated, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"it has the key {repeated!r:.80} twice")
    return result
