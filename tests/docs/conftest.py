"""Commands that pages show are run in this process, as if it had just started."""

import sys
from collections.abc import Iterator

import pytest

PROGRAMS = ("fashionsdk_training.garments.__main__", "inputs.", "studies.")  # what is run as ``__main__``, by name


@pytest.fixture(scope="module", autouse=True)
def _programs_are_not_imported_yet() -> Iterator[None]:
    """Take out the programs that other tests imported: Python warns of one that is imported before it is run."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.startswith(PROGRAMS)]:
            patch.delitem(sys.modules, name)
        yield
