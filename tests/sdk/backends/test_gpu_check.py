"""``make gpu-check``: its tests are found without OpenVINO, and it ends with what ran and what was skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SMALL_SUITE = """
import pytest

@pytest.mark.gpu("onnxruntime")
def test_passes(): ...

@pytest.mark.gpu("onnxruntime")
@pytest.mark.skip(reason="CUDA does not load")
def test_a_required_one_is_skipped(): ...

@pytest.fixture(params=["tensorrt", "tensorrt-rtx"])
def built(request):
    if request.param == "tensorrt-rtx":
        pytest.skip("builds nothing for compute capability 9.0")

@pytest.mark.gpu("tensorrt", "tensorrt-rtx")
def test_engine(built): ...

@pytest.mark.gpu("tensorrt", "tensorrt-rtx")
def test_engine_again(built): ...

def test_without_a_gpu(): ...
"""
WITHOUT_OPENVINO = """
import sys
import pytest
sys.modules["openvino"] = None
sys.exit(pytest.main(["--collect-only", "-q", "-m", "gpu", *sys.argv[1:]]))
"""


def run(command: list[str], **environment: str) -> "subprocess.CompletedProcess[str]":
    names = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "FASHIONSDK", "COV"))}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=names | environment, capture_output=True, text=True, check=False
    )


def suite(folder: Path) -> list[str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = gpu\n")
    (folder / "test_suite.py").write_text(SMALL_SUITE)
    return ["-m", "pytest", "-p", "tests.gpu_table", "-c", str(folder / "pytest.ini"), str(folder)]


@pytest.mark.slow
def test_it_ends_with_a_line_for_each_runtime(tmp_path: Path):
    done = run(suite(tmp_path), FASHIONSDK_HAS_GPU="1")
    assert done.returncode == 1  # a required test was skipped
    lines = done.stdout.partition("runtimes on this GPU")[2].splitlines()
    rows = {line.split()[0]: line.split() for line in lines if line[:1].isalpha()}
    assert rows["onnxruntime"] == ["onnxruntime", "ran", "1", "1", "1", *["CUDA", "does", "not", "load"]]
    assert rows["tensorrt"] == ["tensorrt", "ran", "2", "0", "0"]
    assert rows["tensorrt-rtx"] == [
        *("tensorrt-rtx", "skipped", "0", "0", "2"),
        *["builds", "nothing", "for", "compute", "capability", "9.0"],
    ]


@pytest.mark.slow
def test_elsewhere_there_is_no_such_table_and_a_skip_is_a_skip(tmp_path: Path):
    done = run(suite(tmp_path))
    assert done.returncode == 0
    assert "runtimes on this GPU" not in done.stdout
    assert "3 skipped" in done.stdout


@pytest.mark.long
def test_tests_of_a_gpu_are_found_without_openvino():
    folders = ["tests/sdk", "tests/export/engines", "tests/training/loop"]
    done = run(["-c", WITHOUT_OPENVINO, *folders])
    assert done.returncode == 0, done.stdout
    found = {line.partition(":")[0].rpartition("/")[2] for line in done.stdout.splitlines() if line}
    assert found == {
        *("test_engine.py", "test_backends_binding.py", "test_backends_rtx.py", "test_tensorrt_gpu.py"),
        "test_trainer.py",
    }
