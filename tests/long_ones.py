"""Which cases of a test `make test` runs."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def long_but(short: Collection[str], names: Iterable[str]) -> list[Any]:
    """Return the cases of a test, all but ``short`` marked long: `make check` runs them, `make test` does not."""
    return [name if name in short else pytest.param(name, marks=pytest.mark.long) for name in names]
