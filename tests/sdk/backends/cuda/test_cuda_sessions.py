"""Sessions on CUDA, as far as a CPU can show: their options, what is said without CUDA graphs, and a quiet start."""

import subprocess
import sys
from typing import Any

import pytest

from fashionsdk.backends.onnxruntime import _cuda_sessions
from fashionsdk.backends.onnxruntime._cuda_sessions import CUDA, cuda_options, open_bound
from fashionsdk.bundle import Bundle
from fashionsdk.errors import BackendError

START = """
import sys
import onnxruntime
from fashionsdk.backends.onnxruntime._sessions import only_exceptions
onnxruntime.set_default_logger_severity(0)
options = onnxruntime.SessionOptions()
with only_exceptions(onnxruntime) if sys.argv[2] == "quiet" else options and __import__("contextlib").nullcontext():
    onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
print("started", file=sys.stderr)
onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
"""


class RuntimeWithCuda:
    """What is asked of an ONNX Runtime with CUDA before it opens a session."""

    def get_available_providers(self) -> list[str]:
        return [CUDA]


@pytest.mark.parametrize("graphs", [False, True])
def test_half_precision_runs_channels_last_and_graphs_are_recorded_where_wanted(graphs: bool):
    single, half = cuda_options(1, "fp32", graphs=graphs), cuda_options(1, "fp16", graphs=graphs)
    assert half == single | {"prefer_nhwc": "1"}
    assert "prefer_nhwc" not in single
    assert single["device_id"] == "1"
    assert single.get("enable_cuda_graph") == ("1" if graphs else None)


def test_a_graph_that_cannot_be_recorded_runs_without_and_the_reason_says_so(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
):
    session: Any = object()

    def without_graphs(*arguments: Any, graphs: bool) -> Any:
        if graphs:
            raise BackendError("nodes are left to the CPU\nand a second line")
        return session

    monkeypatch.setattr(_cuda_sessions, "_open", without_graphs)
    found = open_bound(RuntimeWithCuda(), bundle, 0, "fp32", None)
    assert found == (session, "without CUDA graphs: nodes are left to the CPU")


def test_what_does_not_run_without_graphs_either_is_an_error(bundle: Bundle, monkeypatch: pytest.MonkeyPatch):
    def out_of_memory(*arguments: Any, graphs: bool) -> str:
        raise BackendError("out of memory" if not graphs else "recorded nothing")

    monkeypatch.setattr(_cuda_sessions, "_open", out_of_memory)
    with pytest.raises(BackendError, match="out of memory"):
        open_bound(RuntimeWithCuda(), bundle, 0, "fp32", None)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["quiet", "loud"])
def test_the_runtime_writes_nothing_while_a_session_starts(bundle: Bundle, way: str):
    command = [sys.executable, "-c", START, str(bundle.graph_path()), way]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    before, _, after = lines.partition("started\n")
    assert bool(before) == (way == "loud")
    assert bool(after) == (way == "loud")  # afterwards the runtime warns again, and there is nothing to warn of
