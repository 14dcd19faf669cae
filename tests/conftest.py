"""What several test modules share."""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that lies beside the repository and is not part of it."""
    if not SHARED.is_dir():
        pytest.skip("no folder `shared` beside the repository: the papers' splits and the shop's photos are not here")
    return SHARED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test that needs a GPU fail where it would be skipped, if the caller says that there is one."""
    report = yield
    if report.skipped and item.get_closest_marker("gpu") and os.environ.get("FASHIONSDK_HAS_GPU"):
        report.outcome = "failed"
    return report
