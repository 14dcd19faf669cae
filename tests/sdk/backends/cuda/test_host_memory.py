"""Page-locked memory and copies through ctypes, against functions with the C prototypes of the driver."""

import numpy as np
import pytest

from fashionsdk.backends.cuda import CudaDriverError, HostMemory
from tests.sdk.backends.cuda.driver_on_the_host import DriverOnTheHost
from tests.sdk.tensorrt.driver import has_cuda_device


def test_what_is_uploaded_comes_back_and_what_is_freed_is_gone():
    driver = DriverOnTheHost()
    memory = HostMemory(0, driver.library)
    host = memory.array((4, 3), np.float32)
    assert not host.any()
    assert host.ctypes.data in driver.allocated
    device = np.full((4, 3), 7, np.float32)
    host[...] = np.arange(12).reshape(4, 3)
    memory.upload(device.ctypes.data, host[:2])
    assert device.tolist() == [[0, 1, 2], [3, 4, 5], [7, 7, 7], [7, 7, 7]]
    memory.download(host[1:2], device[3:].ctypes.data)
    assert host.tolist() == [[0, 1, 2], [7, 7, 7], [6, 7, 8], [9, 10, 11]]
    memory.free(host)
    assert not driver.allocated
    assert not driver.stack


def test_an_array_without_rows_can_be_had_and_freed():
    driver = DriverOnTheHost()
    memory = HostMemory(0, driver.library)
    memory.free(memory.array((0, 3), np.uint8))
    assert not driver.allocated


def use(memory: HostMemory, host: np.ndarray) -> None:
    device = np.zeros_like(host)
    memory.free(memory.array((2,), np.uint8))
    memory.upload(device.ctypes.data, host)
    memory.download(host, device.ctypes.data)


@pytest.mark.parametrize("name", ["cuMemHostAlloc", "cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2", "cuMemFreeHost"])
def test_an_error_of_the_driver_says_which_call_failed_and_leaves_no_context(name: str):
    driver = DriverOnTheHost()
    memory = HostMemory(0, driver.library)
    host = memory.array((2,), np.uint8)
    use(memory, host)
    driver.failing = name
    with pytest.raises(CudaDriverError, match=rf"{name} failed: out of memory \(2\)"):
        use(memory, host)
    assert not driver.stack


def test_a_device_that_is_not_there_is_an_error():
    with pytest.raises(CudaDriverError, match=r"cuDeviceGet failed: invalid device ordinal \(101\)"):
        HostMemory(1, DriverOnTheHost().library)


@pytest.mark.skipif(has_cuda_device(), reason="has a CUDA device")
def test_without_a_driver_the_error_says_so():
    with pytest.raises(CudaDriverError, match="the CUDA driver"):
        HostMemory(0)
