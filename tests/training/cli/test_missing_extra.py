"""Without PyTorch, as the wheel alone installs it, the training commands answer --help and say what to install."""

import subprocess
import sys

import pytest

WORK = {
    "train": ["--data", "{table}", "--out", "run"],
    "evaluate": ["checkpoint", "--data", "{table}"],
    "labels": ["{table}"],
    "add_attribute": ["checkpoint", "--data", "{table}", "--attribute", "colour", "--out", "run"],
    "import_original": ["original.pth.tar", "--model", "asen", "--out", "run"],
}


def without_torch(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.modules['torch'] = None; from fashionsdk_training import cli; sys.exit(cli.{command}())"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", WORK)
def test_help_needs_no_pytorch(command):
    assert without_torch(command, "--help").returncode == 0


@pytest.mark.parametrize("command", WORK)
def test_a_missing_package_is_one_line_with_the_extra_that_brings_it(command, table, tmp_path):
    arguments = [word.format(table=table) for word in WORK[command]]
    ended = without_torch(command, *arguments)
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "torch cannot be imported" in line
    assert 'run pip install "fashionsdk[training]"' in line
