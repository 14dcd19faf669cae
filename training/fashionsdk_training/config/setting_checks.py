"""Checks that several settings use."""

from typing import get_args


def check_choice(name: str, value: str, choices: object) -> None:
    """Raise a ValueError if ``value`` is not one of a ``Literal``'s."""
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r}; expected {' or '.join(get_args(choices))}")


def check_positive(config: object, *names: str) -> None:
    """Raise a ValueError if a number in one of the fields ``names`` is below 1."""
    for name in names:
        if getattr(config, name) < 1:
            raise ValueError(f"{name} is {getattr(config, name)}; expected 1 or more")
