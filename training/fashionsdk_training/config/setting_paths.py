"""Every setting of a run by its dotted path: what it may be, what it means, and how it is changed."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints

from fashionsdk_training.config.training_run import TrainConfig

_ENTRY = re.compile(r" {4}(\w+): (.*)")


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        path: its names from `TrainConfig` on, with dots between.
        kind: the annotation of its field.
        meaning: its entry in the docstring, as one line.
    """

    path: str
    kind: Any
    meaning: str


@cache
def all_settings() -> Mapping[str, Setting]:
    """Return every setting by its path, in the order of the fields; a part that may be None is one too."""
    return {setting.path: setting for setting in _settings(TrainConfig, "")}


def _settings(part: type, prefix: str) -> Iterator[Setting]:
    meanings, kinds = _meanings(part), get_type_hints(part)
    for each in fields(part):
        path, kind = prefix + each.name, kinds[each.name]
        inner = part_of(kind)
        if inner is None or may_be_none(kind):
            yield Setting(path, kind, meanings[each.name])
        if inner is not None:
            yield from _settings(inner, f"{path}.")


def _meanings(part: type) -> dict[str, str]:
    """Return the entries under ``Attributes:`` of a class's docstring; every field has one."""
    meanings: dict[str, str] = {}
    section = (part.__doc__ or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    name = ""
    for line in section.splitlines():
        if found := _ENTRY.match(line.removeprefix("    ")):
            name, meanings[found[1]] = found[1], found[2]
        else:
            meanings[name] += f" {line.strip()}"
    return {each.name: meanings.get(each.name, "").replace("``", "").strip() for each in fields(part)}


def part_of(kind: Any) -> type | None:
    """Return the dataclass that an annotation names, None if it names another type."""
    return next((each for each in (kind, *get_args(kind)) if is_dataclass(each) and isinstance(each, type)), None)


def may_be_none(kind: Any) -> bool:
    """Tell whether an annotation allows None."""
    return NoneType in get_args(kind)


def find_setting(path: str) -> Setting:
    """Return a setting.

    Raises:
        ValueError: there is none of this path.
    """
    settings = all_settings()
    if path in settings:
        return settings[path]
    if inside := [name for name in settings if name.startswith(f"{path}.")]:
        raise ValueError(f"{path} is a group of settings; expected one of {', '.join(inside)}")
    raise ValueError(f"there is no setting {path!r:.80}; expected {_near(path)} (--settings lists all)")


def _near(path: str) -> str:
    """Return in words the settings that somebody who typed ``path`` may mean."""
    settings, last = all_settings(), path.rpartition(".")[2]
    near = [name for name in settings if name.rpartition(".")[2] == last]
    near += [name for name in get_close_matches(path, settings, n=3) if name not in near]
    group = path.rpartition(".")[0]
    near += [name for name in settings if group and name.startswith(f"{group}.") and name not in near]
    return f"one of {', '.join(near or settings)}"


def setting_value(config: TrainConfig, path: str) -> Any:
    """Return the value of a setting: None of those in a part that is None."""
    value: Any = config
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return value


def with_settings(config: TrainConfig, changes: Mapping[str, Any]) -> TrainConfig:
    """Return settings with some changed, all at once: those that only fit together are never checked one by one.

    A change inside ``model.local`` creates that part if there is none.

    Args:
        config: the settings to start from.
        changes: values by paths.

    Raises:
        ValueError: a path is unknown, a value is out of range or does not fit the others, or a part is both left out
            and changed.
    """
    tree: dict[str, Any] = {}
    for path in sorted(changes):  # a part comes before what is in it
        find_setting(path)
        *groups, name = path.split(".")
        inner = tree
        for depth, group in enumerate(groups):
            if group in inner and not isinstance(inner[group], dict):
                part = ".".join(groups[: depth + 1])
                raise ValueError(f"{part} and {path} are both set; expected one of the two")
            inner = inner.setdefault(group, {})
        inner[name] = changes[path]
    changed: TrainConfig = _changed(config, tree)
    return changed


def _changed(part: Any, tree: Mapping[str, Any]) -> Any:
    kinds = get_type_hints(type(part))
    return replace(part, **{name: _new_value(part, name, kinds[name], value) for name, value in tree.items()})


def _new_value(part: Any, name: str, kind: Any, value: Any) -> Any:
    inner, old = part_of(kind), getattr(part, name)
    if inner is None or not isinstance(value, dict):
        return value
    return _changed(inner() if old is None else old, value)
