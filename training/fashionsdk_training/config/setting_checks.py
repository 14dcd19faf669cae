"""Checks that several settings use."""

import re
from typing import get_args

# A checkpoint's settings may come from anywhere. The largest real dimension is 2048; with this one, a layer of
# that many inputs and outputs takes 256 MiB.
MAX_DIMENSION = 8192

_BACKBONE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check_choice(name: str, value: str, choices: object) -> None:
    """Raise a ValueError if ``value`` is not one of a ``Literal``'s."""
    if value not in get_args(choices):
        raise ValueError(f"{name} is {value!r}; expected {' or '.join(get_args(choices))}")


def check_positive(config: object, *names: str) -> None:
    """Raise a ValueError if a number in one of the fields ``names`` is below 1."""
    for name in names:
        if getattr(config, name) < 1:
            raise ValueError(f"{name} is {getattr(config, name)}; expected 1 or more")


def check_dimensions(config: object, *names: str) -> None:
    """Raise a ValueError if a number in one of the fields ``names`` is not 1 to ``MAX_DIMENSION``."""
    check_positive(config, *names)
    for name in names:
        if (value := getattr(config, name)) > MAX_DIMENSION:
            raise ValueError(f"{name} is {value!r:.20}; expected {MAX_DIMENSION} at most")


def check_backbone(name: str) -> None:
    """Raise a ValueError if ``name`` is more than the name of a network in timm.

    To timm, ``hf-hub:NAME`` and ``local-dir:PATH`` are places to fetch a network from.
    """
    if not _BACKBONE.fullmatch(name):
        raise ValueError(
            f"backbone is {name!r:.80}; expected the name of a network in timm, such as resnet50: "
            "letters, digits and _ . - without a place to fetch it from"
        )
