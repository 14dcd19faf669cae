"""Settings as text, as a command line and a listing show them."""

import re
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

from fashionsdk._tools import strict_json
from fashionsdk_training.config.setting_paths import Setting, may_be_none, part_of
from fashionsdk_training.config.training_run import NONE

_WORDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false", NoneType: NONE}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


def parse_setting(setting: Setting, text: str) -> Any:
    """Return the value that a text gives to a setting: ``0.001``, ``true``, ``adamw``, ``0.5,0.5,0.5``, ``none``.

    Raises:
        ValueError: it is no value of the setting's type.
    """
    kind = setting.kind
    if text.lower() == NONE and may_be_none(kind):
        return None
    try:
        if part_of(kind) is not None or (not text.strip() and get_origin(kind) is not tuple):
            raise ValueError
        return strict_json.decode(kind, _plain(kind, text), setting.path)
    except ValueError:
        raise ValueError(
            f"{setting.path} is {text!r:.60}; expected {kind_words(kind)}. It means: {setting.meaning}"
        ) from None


def _plain(kind: Any, text: str) -> Any:
    """Return what JSON would hold for a text, as far as the text is of the type."""
    origin, kinds = get_origin(kind), get_args(kind)
    if origin is UnionType:
        inner = [each for each in kinds if each is not NoneType]
        several = "," in text
        return _plain(next((each for each in inner if (get_origin(each) is tuple) == several), inner[0]), text)
    if origin is tuple:
        return [_plain(kinds[0], each.strip()) for each in text.split(",")] if text.strip() else []
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is int:
        return int(text) if _WHOLE.fullmatch(text) else text
    return float(text) if kind is float else text


def kind_words(kind: Any) -> str:
    """Return in words what an annotation allows."""
    if part_of(kind) is not None:
        return f"{NONE}, or its settings one by one"
    origin, kinds = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return ", or ".join(kind_words(each) for each in kinds)
    if origin is Literal:
        return " or ".join(kinds)
    if origin is tuple:
        one = _WORDS[kinds[0]].removeprefix("a ")
        return f"{one}s with commas between" if kinds[-1] is Ellipsis else f"{len(kinds)} {one}s with commas between"
    return _WORDS[kind]


def setting_text(value: Any) -> str:
    """Return the text that `parse_setting` reads as ``value``."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(setting_text, value)) if isinstance(value, tuple) else str(value)
