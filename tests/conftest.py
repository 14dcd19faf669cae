"""What several test modules share."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.gpu_table import pytest_runtest_makereport, pytest_terminal_summary

__all__ = ["pytest_runtest_makereport", "pytest_terminal_summary"]  # hooks

SHARED = Path(__file__).parents[2] / "shared"
WORKER_BYTES = 4 * 2**30  # what a worker and the programs that it starts need at most; 3 GB measured

if "PYTEST_XDIST_WORKER" in os.environ:  # before numpy and torch are loaded: workers must not fight for CPUs
    os.environ["OMP_NUM_THREADS"] = "1"
settings.register_profile("tests", deadline=None)  # how long an example takes depends on what runs beside it
settings.load_profile("tests")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers ``--numprocesses auto`` starts: one a CPU, as far as the memory goes."""
    from fashionsdk.backends._host import available_cpus

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(available_cpus(), memory // WORKER_BYTES))


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run of the tests that its workers share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def one_export_table() -> Iterator[None]:
    """PyTorch's exporter makes its table of operators once; it makes it for each export, which takes a second."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield


@pytest.fixture
def plain_signals() -> Iterator[None]:
    """Signals that end a process are handled as when a program starts, whatever library or shell came before.

    A program started meanwhile inherits this: a shell's background job ignores interrupts, and so would its
    children. (A `preexec_fn` would do it too, but then Python forks, and gRPC's threads of earlier tests write
    to the child's stderr.)
    """
    handlers: dict[int, Any] = {
        signal.SIGTERM: signal.SIG_DFL,
        signal.SIGHUP: signal.SIG_DFL,
        signal.SIGINT: signal.default_int_handler,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    yield
    for number, handler in before.items():
        if handler is not None:  # one that Python did not set cannot be set again
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that lies beside the repository and is not part of it."""
    if not SHARED.is_dir():
        pytest.skip("no folder `shared` beside the repository: the papers' splits and the shop's photos are not here")
    return SHARED


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB, which only root may mount; it is full when a test has filled it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
