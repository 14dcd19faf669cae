"""The benchmarks are scripts, not a package: their folder is on the path only while their tests run."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"


class Load(Protocol):
    def __call__(self, name: str) -> ModuleType: ...


@pytest.fixture(scope="session")
def load() -> Iterator[Load]:
    """Import a module of the benchmarks by its name; none of them stays imported, since names are common ones."""
    before = dict(sys.modules)
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)
    sys.path.insert(0, str(FOLDER))
    yield import_module
    sys.path.remove(str(FOLDER))
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)
        if path.stem in before:
            sys.modules[path.stem] = before[path.stem]
