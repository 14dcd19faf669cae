"""Loading TensorRT and TensorRT for RTX, without a GPU."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from fashionsdk.backends.tensorrt.library._api import Api
from fashionsdk.backends.tensorrt.library._library import Library, load_library
from fashionsdk.backends.tensorrt.library._library_log import Log
from fashionsdk.errors import BackendError
from tests.sdk.tensorrt.driver import has_cuda_device

with_rtx = pytest.mark.skipif(find_spec("tensorrt_rtx") is None, reason="needs tensorrt_rtx")


def test_a_missing_library_or_one_of_stubs_alone_names_what_to_install():
    spec = find_spec("tensorrt")
    if spec is not None and spec.origin is not None:
        pytest.skip("tensorrt is installed")
    with pytest.raises(BackendError, match=r'tensorrt cannot be imported: .*pip install "fashionsdk\[tensorrt\]"'):
        load_library("tensorrt")


@with_rtx
def test_the_library_is_imported_once_and_tells_its_version():
    import tensorrt_rtx

    assert load_library("tensorrt-rtx").version == tensorrt_rtx.__version__
    assert load_library("tensorrt-rtx") is load_library("tensorrt-rtx")


@with_rtx
@pytest.mark.parametrize(
    "name",
    [
        "Runtime.deserialize_cuda_engine",
        "ICudaEngine.create_runtime_config",
        "ICudaEngine.create_execution_context",
        "ICudaEngine.device_memory_size_v2",
        "ICudaEngine.num_io_tensors",
        "ICudaEngine.get_tensor_name",
        "ICudaEngine.get_tensor_dtype",
        "ICudaEngine.get_tensor_shape",
        "ICudaEngine.get_tensor_profile_shape",
        "IExecutionContext.set_device_memory",
        "IExecutionContext.set_optimization_profile_async",
        "IExecutionContext.set_input_shape",
        "IExecutionContext.set_tensor_address",
        "IExecutionContext.execute_async_v3",
        "IRuntimeConfig.set_execution_context_allocation_strategy",
        "IRuntimeConfig.cuda_graph_strategy",
        "IRuntimeConfig.create_runtime_cache",
        "IRuntimeConfig.set_runtime_cache",
        "IRuntimeCache.serialize",
        "IRuntimeCache.deserialize",
        "ExecutionContextAllocationStrategy.USER_MANAGED",
        "CudaGraphStrategy.WHOLE_GRAPH_CAPTURE",
        "DataType.UINT8",
        "DataType.FLOAT",
    ],
)
def test_tensorrt_for_rtx_has_what_the_stubs_of_tensorrt_are_checked_for(name: str):
    found: Any = load_library("tensorrt-rtx").module
    for part in name.split("."):
        found = getattr(found, part)


LOAD_NO_ENGINE = """
from fashionsdk.backends.tensorrt.library._library import load_library
from fashionsdk.errors import BackendError

found = load_library("tensorrt-rtx")
for size in (0, 1, 64, 100_000):
    try:
        found.deserialize(found.start(found.module.Runtime), bytes(size))
    except BackendError as error:
        print(error)
"""


@with_rtx
def test_bytes_that_are_no_engine_are_an_error_with_the_librarys_message():
    # In a process of its own: TensorRT has one logger a process.
    done = subprocess.run([sys.executable, "-c", LOAD_NO_ENGINE], capture_output=True, text=True, check=True)
    messages = done.stdout.splitlines()
    assert len(messages) == 4
    for message in messages:
        assert message.startswith("tensorrt-rtx ")
        assert "does not load it: " in message
        assert "Error Code" in message
    assert done.stderr == ""


BUILD_AND_LOAD = """
import sys
import tensorrt_rtx as trt
from fashionsdk.backends.tensorrt.library._library import load_library
from fashionsdk.errors import BackendError

found = load_library("tensorrt-rtx")
builder = trt.Builder(found.logger)
network, config = builder.create_network(0), builder.create_builder_config()
profile = builder.create_optimization_profile()
assert trt.OnnxParser(network, found.logger).parse_from_file(sys.argv[1])
profile.set_shape("images", *((batch, *network.get_input(0).shape[1:]) for batch in (1, 4, 8)))
config.add_optimization_profile(profile)
try:
    found.deserialize(found.start(trt.Runtime), bytes(builder.build_serialized_network(network, config)))
except BackendError as error:
    print(error)
"""


@with_rtx
def test_the_library_has_all_that_the_types_declare():
    found = load_library("tensorrt-rtx").module
    assert [name for name in Api.__annotations__ if not isinstance(getattr(found, name, None), type)] == []


WARN = """
import logging, sys
import tensorrt_rtx as trt
from fashionsdk.backends.tensorrt.library._library import load_library

class Other(trt.ILogger):
    def __init__(self):
        trt.ILogger.__init__(self)

    def log(self, severity, message):
        pass

logging.basicConfig(format="%(levelname)s %(name)s %(message)s", stream=sys.stdout)
other = Other()
first = trt.Runtime(other)
found = load_library("tensorrt-rtx")
found.start(found.module.Runtime)
"""


@with_rtx
def test_warnings_of_the_library_go_to_the_log():
    done = subprocess.run([sys.executable, "-c", WARN], capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    assert line.startswith("WARNING fashionsdk.backends.tensorrt.library._library_log tensorrt-rtx ")
    assert "logger" in line
    assert done.stderr == ""


def test_the_log_collects_errors_once_and_remarks_for_a_listener():
    log = Log("a library")
    assert log.last_errors().startswith("it gives no reason")
    for message in ("first\n  second ", "second", "[checkMacros.cpp::catchCudaError::250] first"):
        log.error(message)
    assert log.last_errors() == "first; second"
    log.error("[checkMacros.cpp::catchCudaError::250] alone")
    assert "alone" in log.last_errors()
    log.error("of another build")
    log.remark("Layers: nobody listens")
    with log.listening("Layers:") as heard:
        for message in ("Layers: a", "Loaded engine", "Layers: b"):
            log.remark(message)
        assert log.last_errors().startswith("it gives no reason")
    log.remark("Layers: nobody listens")
    assert heard == ["Layers: a", "Layers: b"]


def test_a_library_that_starts_nothing_is_an_error():
    def nothing(logger: object) -> None:
        raise TypeError("pybind11::init(): factory function returned nullptr")

    log = Log("tensorrt 10.9")
    found = Library("tensorrt", "10.9", cast(Any, None), log, cast(Any, None))
    log.error("CUDA initialization failure with error: 35")
    with pytest.raises(BackendError, match=r"tensorrt 10\.9 does not start: CUDA initialization failure"):
        found.start(nothing)


@with_rtx
@pytest.mark.skipif(has_cuda_device(), reason="has a CUDA device")
def test_a_real_engine_without_a_driver_is_an_error_with_the_reason(graph_file: Path):
    command = [sys.executable, "-c", BUILD_AND_LOAD, str(graph_file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "does not load it: " in done.stdout
    assert "CUDA driver" in done.stdout
    assert done.stderr == ""
