"""CUDA does not survive a fork: the child gets an error that says how, and never touches the parent's GPU."""

import os
import warnings
from collections.abc import Callable

import pytest

from fashionsdk.errors import BackendError
from tests.sdk.simulated_gpu.machine import KINDS, Machine


def fork(action: Callable[[], None]) -> int:
    """Run it in a fork of this process; return 0 if it raised nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads; the child calls none of them
        child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_of_an_open_backend_says_how_to_start_workers(simulate, kind):
    machine: Machine = simulate(kind)
    backend = machine.open()
    machine.check(backend, 3)
    calls = machine.cuda.calls.total()

    def use() -> None:
        for call in (lambda: machine.check(backend, 3), machine.open):
            with pytest.raises(
                BackendError, match=r"does not survive a fork; .* or start them with the method 'spawn'"
            ):
                call()
        backend.close()
        assert not backend._finalizer.alive  # type: ignore[attr-defined]  # at exit it would free the parent's memory
        assert machine.cuda.calls.total() == calls

    assert fork(use) == 0
    machine.check(backend, 4)
    backend.close()
    machine.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fork_of_a_process_that_did_not_use_the_gpu_may_use_it(simulate, kind):
    machine: Machine = simulate(kind)

    def use() -> None:
        backend = machine.open()
        machine.check(backend, 3)
        backend.close()
        machine.assert_clean()

    assert fork(use) == 0
