"""``benchmarks/gpu.sh`` end to end on the CPU: rows as they are measured, JSON lines, a dated table."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks/gpu.sh"


def gpu(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FASHIONSDK_PYTHON": sys.executable}
    return subprocess.run([SCRIPT, *words], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling needs g++, which is not here")
def test_the_script_measures_every_way_and_writes_what_it_printed(bundle, tmp_path):
    done = gpu("--device", "cpu", "--quick", "--bundles", str(bundle.path), "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    printed = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    (lines,) = tmp_path.glob("*-gpu.jsonl")
    assert [json.loads(line) for line in lines.read_text().splitlines()] == printed
    rows = [row for row in printed if "p50_ms" in row]
    assert not [row for row in printed if "reason" in row]
    assert {(row["way"], row["photos"]) for row in rows} >= {
        ("fashionsdk, onnxruntime", "host"),
        ("fashionsdk, aotinductor", "host"),
        ("torch eager", "device"),
        ("torch.compile", "host"),
        ("torch.compile, freezing", "device"),
        ("torch.compile, freezing, max-autotune", "device"),
    }
    for row in rows:
        assert row["photos_per_second"] == pytest.approx(row["batch"] / row["p50_ms"] * 1e3, rel=0.01)
        assert row["smallest_cosine"] > 0.9999
    (table,) = tmp_path.glob("*-gpu.md")
    assert table.read_text().count("\n| ") == len(rows) + 2
    assert "proves the script, not a speed" in table.read_text()


@pytest.mark.parametrize(
    ("words", "says"), [(["--card"], "unknown option --card"), (["--device", "tpu"], "expected cpu or cuda")]
)
def test_a_wrong_word_is_an_error(words, says):
    done = gpu(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_help_says_how_to_prepare():
    assert "make_bundle --recipe asen_v2_paper" in gpu("--help").stdout
