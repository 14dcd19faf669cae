"""The kernels that TensorRT for RTX compiles, saved for the next process; on a simulated GPU."""

import logging
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from fashionsdk.backends.tensorrt.run._kernel_cache import kernel_path
from tests.sdk.simulated_gpu.machine import ENGINE_FILE, Machine, Simulate

OTHER_VERSION = b'["9.0", "engine", "batch of 5"]'


def compiled(machine: Machine, *counts: int) -> int:
    """Open, embed batches, close, and return how many kernels were compiled."""
    before = machine.library.compiled
    backend = machine.open()
    for count in counts:
        machine.check(backend, count)
    backend.close()
    machine.assert_clean()
    return machine.library.compiled - before


@pytest.fixture
def kernels(tmp_path: Path) -> Callable[[], Path]:
    """Return the one file of kernels."""
    return lambda: next((tmp_path / "cache" / "fashionsdk" / "tensorrt-rtx").iterdir())


def test_what_one_process_compiled_the_next_one_does_not(simulate: Simulate, kernels: Callable[[], Path]):
    assert compiled(simulate("tensorrt-rtx"), 5, 5, 7) == 3  # the engine's own, and those of two sizes
    first = kernels().read_bytes()
    assert compiled(simulate("tensorrt-rtx"), 7, 5) == 0
    assert kernels().read_bytes() == first
    assert compiled(simulate("tensorrt-rtx"), 5, 9) == 1
    assert compiled(simulate("tensorrt-rtx"), 5, 7, 9) == 0


def test_an_unchanged_file_is_not_written_again(simulate: Simulate, kernels: Callable[[], Path]):
    compiled(simulate("tensorrt-rtx"), 5)
    before = kernels().stat()
    compiled(simulate("tensorrt-rtx"), 5)
    assert (kernels().stat().st_ino, kernels().stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_file_belongs_to_the_engine_and_the_gpu_and_its_folder_to_the_user(
    simulate: Simulate, kernels: Callable[[], Path]
):
    machine = simulate("tensorrt-rtx")
    compiled(machine, 5)
    assert kernels().name == f"{machine.bundle.manifest.files[ENGINE_FILE].sha256}.Simulated-GPU.kernels"
    assert stat.S_IMODE(kernels().parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("damaged", [b"", b"no kernels", OTHER_VERSION])
def test_a_file_that_the_library_rejects_is_replaced(simulate: Simulate, kernels: Callable[[], Path], damaged: bytes):
    compiled(simulate("tensorrt-rtx"), 5)
    good = kernels().read_bytes()
    kernels().write_bytes(damaged)
    assert compiled(simulate("tensorrt-rtx"), 5) == 2
    assert kernels().read_bytes() == good


def test_without_a_place_to_keep_them_it_runs_and_says_so(
    simulate: Simulate, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    machine = simulate("tensorrt-rtx")
    (tmp_path / "cache").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING, "fashionsdk"):
        assert compiled(machine, 5) == 2
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "saved kernels cannot be read, they are compiled again",
        "compiled kernels cannot be saved, the next process compiles them again",
    ]


def test_tensorrt_compiles_when_it_builds_and_keeps_nothing(simulate: Simulate, tmp_path: Path):
    assert compiled(simulate("tensorrt"), 5) == 0
    assert not (tmp_path / "cache").exists()


def test_the_users_cache_folder_is_the_one_of_the_desktop_standard(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    for value, folder in (("/var/cache/mine", "/var/cache/mine"), ("", "~/.cache"), ("not/absolute", "~/.cache")):
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        expected = Path(folder.replace("~", "/home/somebody")) / "fashionsdk/tensorrt-rtx/abc.NVIDIA-RTX-4090.kernels"
        assert kernel_path("abc", "NVIDIA RTX 4090") == expected


def test_a_user_without_a_home_keeps_nothing(monkeypatch: pytest.MonkeyPatch):
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert kernel_path("abc", "NVIDIA L4") is None
