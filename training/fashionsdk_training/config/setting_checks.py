"""Checks that settings share."""

from typing import get_args


def check_choice(name: str, value: str, choices: object) -> None:
    """Refuse a value that is none of a ``Literal``'s."""
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r}; expected {' or '.join(get_args(choices))}")


def check_positive(config: object, *names: str) -> None:
    """Refuse a number below 1 in any of the fields ``names``."""
    for name in names:
        if getattr(config, name) < 1:
            raise ValueError(f"{name} is {getattr(config, name)}; expected 1 or more")
