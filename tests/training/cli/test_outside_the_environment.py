"""With a Python that the project is not installed for, each script says in one line what to type."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = [path.relative_to(ROOT) for folder in ("training", "export") for path in (ROOT / folder).glob("*.py")]


def run_bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script without the installed packages, as another Python would."""
    command = [sys.executable, "-I", "-S", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("script", SCRIPTS, ids=str)
def test_a_script_says_how_to_install_and_what_to_type_then(script: Path):
    ended = run_bare(str(script), "--help")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"{script.name}: No module named 'fashionsdk_")
    assert line.endswith(f"run 'make install', then .venv/bin/python {script}")


def test_so_does_a_benchmark():
    ended = run_bare("benchmarks", "cold_start")
    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.endswith("run 'make install', then .venv/bin/python benchmarks cold_start")
