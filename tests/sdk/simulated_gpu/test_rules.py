"""The simulated GPU detects wrong programs."""

import numpy as np
import pytest

from tests.sdk.simulated_gpu.cuda import Cuda
from tests.sdk.simulated_gpu.pycuda import PyCuda

BYTES = np.dtype(np.uint8)


@pytest.fixture
def cuda():
    found = Cuda()
    found.push()
    return found


@pytest.fixture
def driver(cuda):
    return PyCuda(cuda).modules()["pycuda.driver"]


def test_a_call_needs_a_current_context(cuda, driver):
    cuda.pop()
    with pytest.raises(AssertionError, match="without a current context"):
        driver.mem_alloc(4)
    with pytest.raises(AssertionError, match="pop without push"):
        cuda.pop()


def test_host_memory_must_be_page_locked_and_not_yet_freed(driver):
    stream, memory, freed = driver.Stream(1), driver.mem_alloc(4), driver.pagelocked_empty((4,), BYTES)
    freed.base.free()
    for host in (np.zeros(4, BYTES), freed):
        with pytest.raises(AssertionError, match="not page-locked, or freed"):
            driver.memcpy_htod_async(memory, host, stream)


def test_host_memory_must_be_whole(driver):
    with pytest.raises(AssertionError, match="scattered"):
        driver.memcpy_htod_async(driver.mem_alloc(4), driver.pagelocked_empty((8,), BYTES)[::2], driver.Stream(1))


def test_device_memory_must_be_large_enough_and_not_yet_freed(driver):
    stream, host, freed = driver.Stream(1), driver.pagelocked_empty((4,), BYTES), driver.mem_alloc(4)
    freed.free()
    for memory in (driver.mem_alloc(3), freed):
        with pytest.raises(AssertionError, match="not allocated, or freed"):
            driver.memcpy_dtoh_async(host, memory, stream)


def test_memory_in_use_is_not_freed_and_no_memory_twice(driver):
    memory, host, stream = driver.mem_alloc(4), driver.pagelocked_empty((4,), BYTES), driver.Stream(1)
    driver.memcpy_htod_async(memory, host, stream)
    for free in (memory.free, host.base.free):
        with pytest.raises(AssertionError, match="freed while a stream uses it"):
            free()
    stream.synchronize()
    for free in (memory.free, host.base.free):
        free()
        with pytest.raises(AssertionError, match="freed twice"):
            free()


def test_an_answer_that_is_read_too_early_is_garbage_and_one_that_is_changed_too_early_is_lost(driver):
    memory, host, stream = driver.mem_alloc(4), driver.pagelocked_empty((4,), BYTES), driver.Stream(1)
    host[:] = 1
    driver.memcpy_htod_async(memory, host, stream)
    host[:] = 2
    stream.synchronize()
    host[:] = 3
    driver.memcpy_dtoh_async(host, memory, stream)
    assert host.tolist() == [3] * 4
    stream.synchronize()
    assert host.tolist() == [2] * 4


def test_streams_do_not_share_memory_at_one_time(driver):
    memory, host = driver.mem_alloc(4), driver.pagelocked_empty((4,), BYTES)
    first, second = driver.Stream(1), driver.Stream(1)
    driver.memcpy_dtoh_async(host, memory, first)
    with pytest.raises(AssertionError, match="two streams use the same memory"):
        driver.memcpy_dtoh_async(host, memory, second)


def test_a_stream_that_goes_without_a_context_is_a_leak(cuda, driver):
    stream = driver.Stream(1)
    cuda.pop()
    del stream
    assert cuda.broken == ["the last reference to a stream goes without a current context: it leaks"]
