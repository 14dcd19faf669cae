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
    names = {path.stem for path in FOLDER.iterdir()}
    before = _take_out(names)
    sys.path.insert(0, str(FOLDER))
    yield import_module
    sys.path.remove(str(FOLDER))
    _take_out(names)
    sys.modules.update(before)


def _take_out(names: set[str]) -> dict[str, ModuleType]:
    """Remove the imported modules, and packages, of these names; return them."""
    modules = [name for name in sys.modules if name.partition(".")[0] in names]
    return {name: sys.modules.pop(name) for name in modules}
