"""The pool of workers and the cache of contexts, which hold the TensorRT backend's memory."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fashionsdk.backends.tensorrt.run._lru import LruCache
from fashionsdk.backends.tensorrt.run._worker_pool import WorkerPool


class Thing:
    """Counts those that are open and those that are in use."""

    open = 0
    made = 0

    def __init__(self) -> None:
        type(self).open += 1
        type(self).made += 1
        self.users = 0
        self.closed = False

    def close(self) -> None:
        assert not self.closed
        assert self.users == 0
        self.closed = True
        type(self).open -= 1


@pytest.fixture
def thing() -> type[Thing]:
    return type("Counted", (Thing,), {"open": 0, "made": 0})


class Finish:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> None:
        self.calls += 1


def test_many_threads_share_a_few_workers_and_none_is_shared_at_one_time(thing: type[Thing]):
    finish = Finish()
    pool = WorkerPool(thing, 3, finish)
    together = threading.Barrier(3, timeout=20)  # passes only if three workers are borrowed at once

    def use(number: int) -> None:
        with pool.worker() as worker:
            worker.users += 1
            assert worker.users == 1
            if number < 3:
                together.wait()
            worker.users -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(300)))
    assert (thing.made, thing.open) == (3, 3)
    pool.close()
    pool.close()
    assert (thing.open, finish.calls) == (0, 1)


def test_one_thread_makes_one_worker_and_keeps_to_it(thing: type[Thing]):
    pool = WorkerPool(thing, 4, Finish())
    found = set()
    for _ in range(10):
        with pool.worker() as worker:
            found.add(id(worker))
    assert (len(found), thing.made) == (1, 1)


def test_a_worker_that_fails_is_closed_and_replaced(thing: type[Thing]):
    pool = WorkerPool(thing, 1, Finish())
    for _ in range(3):
        with pytest.raises(KeyError, match="a test"), pool.worker():
            raise KeyError("a test")
    assert (thing.made, thing.open) == (3, 0)
    with pool.worker() as worker:
        assert not worker.closed


def test_a_worker_that_cannot_be_made_leaves_its_place_free(thing: type[Thing]):
    fails = [True, True, False]

    def make() -> Thing:
        if fails.pop(0):
            raise MemoryError("a test")
        return thing()

    pool = WorkerPool(make, 1, Finish())
    for _ in range(2):
        with pytest.raises(MemoryError), pool.worker():
            pass
    with pool.worker():
        assert thing.open == 1


def test_a_closed_pool_lends_nothing_and_closes_what_comes_back(thing: type[Thing]):
    finish = Finish()
    pool = WorkerPool(thing, 2, finish)
    with pool.worker() as first, pool.worker():
        waiting = ThreadPoolExecutor(1).submit(lambda: pool.worker().__enter__())
        pool.close()
        with pytest.raises(ValueError, match="the backend is closed"):
            waiting.result(timeout=20)
        assert (thing.open, finish.calls, first.closed) == (2, 0, False)
    assert (thing.open, finish.calls) == (0, 1)
    with pytest.raises(ValueError, match="the backend is closed"), pool.worker():
        pass


def test_a_pool_that_was_never_used_finishes_too(thing: type[Thing]):
    finish = Finish()
    WorkerPool(thing, 2, finish).close()
    assert (thing.made, finish.calls) == (0, 1)


@pytest.mark.slow
def test_closing_while_many_threads_run_finishes_once(thing: type[Thing]):
    for _ in range(50):
        finish = Finish()
        pool = WorkerPool(thing, 2, finish)
        started = threading.Event()

        def use(pool: WorkerPool[Thing] = pool, started: threading.Event = started) -> None:
            try:
                while True:
                    with pool.worker():
                        started.set()
            except ValueError:
                return

        threads = [threading.Thread(target=use) for _ in range(4)]
        for thread in threads:
            thread.start()
        assert started.wait(20)
        pool.close()
        for thread in threads:
            thread.join(20)
        assert (thing.open, finish.calls) == (0, 1)


def test_a_pool_of_no_workers_is_an_error(thing: type[Thing]):
    with pytest.raises(ValueError, match="workers is 0; expected 1 or more"):
        WorkerPool(thing, 0, Finish())


@pytest.mark.parametrize("capacity", [1, 3, 8])
def test_the_cache_keeps_what_was_used_last_like_a_list_would(thing: type[Thing], capacity: int):
    cache: LruCache[int, Thing] = LruCache(capacity, lambda key: thing())
    newest: list[int] = []  # the last one was used last
    values: dict[int, Thing] = {}
    for key in np.random.default_rng(capacity).integers(0, 12, 500).tolist():
        value = cache.get(key)
        if key in newest:
            assert value is values[key]
            newest.remove(key)
        newest = [*newest, key][-capacity:]
        values[key] = value
        assert not value.closed
        assert {key for key in values if not values[key].closed} == set(newest)
        assert thing.open == len(cache) == len(newest)
    cache.close()
    assert (thing.open, len(cache)) == (0, 0)


def test_the_cache_closes_the_oldest_before_it_makes_the_next(thing: type[Thing]):
    most = []

    def make(key: int) -> Thing:
        value = thing()
        most.append(thing.open)
        return value

    cache = LruCache(2, make)
    for key in range(10):
        cache.get(key)
    assert max(most) == 2


def test_a_value_that_cannot_be_made_is_not_kept(thing: type[Thing]):
    fails = [True, False]

    def make(key: str) -> Thing:
        if fails.pop(0):
            raise MemoryError(key)
        return thing()

    cache = LruCache(1, make)
    with pytest.raises(MemoryError):
        cache.get("a")
    assert len(cache) == 0
    assert not cache.get("a").closed


def test_a_cache_of_nothing_is_an_error(thing: type[Thing]):
    with pytest.raises(ValueError, match="capacity is 0; expected 1 or more"):
        LruCache(0, lambda key: thing())
