"""Which GPU an engine is built for; the library is real, the GPU at hand is simulated."""

import sys

import pytest

from fashionsdk_export.engines import EngineConfig
from fashionsdk_export.engines.build_library import load, target
from fashionsdk_export.errors import ExportError
from tests.sdk.simulated_gpu.cuda import Cuda
from tests.sdk.simulated_gpu.pycuda import PyCuda

pytest.importorskip("tensorrt_rtx")


@pytest.fixture
def gpu(monkeypatch):
    """Return a function that puts a GPU of a compute capability into this machine."""

    def make(major: int, minor: int) -> Cuda:
        cuda = Cuda()
        for name, module in PyCuda(cuda, (major, minor)).modules().items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setattr("fashionsdk.backends.tensorrt.device._cuda._devices", {})
        return cuda

    return make


def test_the_gpu_at_hand_is_built_for_and_current_meanwhile(gpu):
    cuda = gpu(8, 9)
    with target(load("tensorrt-rtx"), EngineConfig("tensorrt-rtx")) as capability:
        assert capability == "8.9"
        assert cuda.current == 1
    assert cuda.current == 0


@pytest.mark.parametrize("asked", ["9.0", None])
def test_an_h200_is_no_gpu_for_tensorrt_for_rtx_whether_it_is_asked_for_or_at_hand(gpu, asked):
    cuda = gpu(9, 0)
    says = r"does not build for compute capability 9\.0; it builds for 7\.5, .*12\.1: choose .* --engine tensorrt"
    with pytest.raises(ExportError, match=says), target(load("tensorrt-rtx"), EngineConfig("tensorrt-rtx", asked)):
        pass
    assert cuda.current == 0
