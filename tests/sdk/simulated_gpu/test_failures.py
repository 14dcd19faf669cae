"""What the TensorRT backend does when a call of the driver or of the library fails: any call, on a simulated GPU."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest

from fashionsdk.backends import Backend
from fashionsdk.errors import BackendError
from tests.sdk.simulated_gpu.machine import KINDS, MAX, Machine


def use(machine: Machine, errors: list[BaseException]) -> None:
    """Open, run and close, and try once more whatever fails; the errors stay alive, with all that they hold."""
    backend = _again(machine.open, errors)
    for seed, count in enumerate((2, 5, 5, MAX + 4)):
        _again(lambda count=count, seed=seed: machine.check(backend, count, seed), errors)
    backend.close()


def _again(call, errors):
    try:
        return call()
    except BackendError as error:
        errors.append(error)
        return call()


@pytest.mark.slow
@pytest.mark.parametrize("pace", ["late", "at once"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_failure_of_any_call_is_one_error_and_the_next_try_works_and_nothing_is_left(simulate, kind, pace):
    machine = simulate(kind, pace)
    use(machine, [])
    steps = machine.cuda.calls.total()
    assert steps > 70
    reported = 0
    for failing in range(1, steps + 1):
        machine = simulate(kind, pace)
        machine.cuda.fails = lambda number, failing=failing: number == failing
        errors: list[BaseException] = []
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "batches of .* run without a CUDA graph", RuntimeWarning)
            use(machine, errors)
        machine.assert_clean()
        assert len(errors) <= 1
        assert all("a test" in str(error) for error in errors)
        reported += len(errors)
    assert reported > steps / 2  # the others are freeing and recording, without which it goes on


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_that_fails_for_good_raises_backend_errors_and_closes_quietly(simulate, kind):
    machine = simulate(kind)
    use(machine, [])
    for first in range(1, machine.cuda.calls.total() + 1, 3):
        machine = simulate(kind)
        machine.cuda.fails = lambda number, first=first: number >= first
        errors: list[BaseException] = []
        backend: Backend | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                backend = machine.open()
                for count in (2, 5, 5, MAX + 4):
                    machine.check(backend, count)
            except BackendError as error:
                errors.append(error)
        if backend is not None:
            with pytest.raises(BackendError, match="a test") if errors else warnings.catch_warnings():
                machine.check(backend, 1) if errors else None
            backend.close()
        machine.assert_clean()


@pytest.mark.parametrize("kind", KINDS)
def test_random_failures_in_many_threads_leave_nothing(simulate, hasty_threads, kind):
    machine = simulate(kind, "random")
    backend = machine.open()
    machine.cuda.fails = lambda number: number % 41 == 0
    errors: list[BackendError] = []

    def run(seed: int) -> None:
        try:
            machine.check(backend, seed % 12 + 1, seed)
        except BackendError as error:
            errors.append(error)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        with ThreadPoolExecutor(6) as threads:
            list(threads.map(run, range(120)))
        machine.cuda.fails = lambda number: False
        machine.check(backend, 7)
    assert 5 < len(errors) < 115
    backend.close()
    machine.assert_clean()
