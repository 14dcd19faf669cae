"""What several test modules share."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that lies beside the repository and is not part of it."""
    if not SHARED.is_dir():
        pytest.skip("no folder `shared` beside the repository: the papers' splits and the shop's photos are not here")
    return SHARED
