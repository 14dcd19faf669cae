import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fashionsdk._tools.batches import batched
from fashionsdk.embedding._reading import map_ordered


def our_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("fashionsdk")]


def wait_for(condition: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.001)
    return condition()


@settings(max_examples=50)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 4), st.integers(1, 9))
def test_answers_come_in_the_order_of_the_items_however_long_each_takes(delays: list[int], workers: int, ahead: int):
    def slow(item: tuple[int, int]) -> int:
        time.sleep(item[1] / 10_000)
        return item[0]

    answers = map_ordered(slow, enumerate(delays), workers=workers, ahead=ahead)
    assert list(answers) == list(range(len(delays)))
    assert not our_threads()


def test_endless_items_are_drawn_no_further_than_asked():
    drawn = itertools.count()
    answers = map_ordered(lambda item: item, drawn, workers=2, ahead=5)
    for taken in range(20):
        assert next(answers) == taken
    answers.close()
    assert next(drawn) == 19 + 5


def test_items_are_drawn_in_the_callers_thread():
    def threads() -> Iterator[str]:
        for _ in range(5):
            yield threading.current_thread().name

    assert set(map_ordered(str, threads(), workers=2, ahead=2)) == {threading.current_thread().name}


def test_workers_go_on_while_the_caller_is_busy():
    done = itertools.count()
    answers = map_ordered(lambda _: next(done), itertools.repeat(0), workers=2, ahead=6)
    next(answers)
    finished = threading.Event()
    finished.wait(0.1)
    assert next(done) == 6
    answers.close()


def test_calls_overlap():
    barrier = threading.Barrier(3, timeout=10)
    assert sorted(map_ordered(lambda _: barrier.wait(), range(3), workers=3, ahead=3)) == [0, 1, 2]


@pytest.mark.parametrize("failing", ["function", "items"])
def test_failure_comes_at_its_turn_and_leaves_no_thread(failing: str):
    def items() -> Iterator[int]:
        yield from range(7)
        if failing == "items":
            raise RuntimeError("at seven")
        yield 7

    def function(item: int) -> int:
        if item == 7:
            raise RuntimeError("at seven")
        return item

    answers = map_ordered(function, items(), workers=2, ahead=4)
    assert [next(answers) for _ in range(7)] == list(range(7))
    with pytest.raises(RuntimeError, match="at seven"):
        next(answers)
    assert not our_threads()


def test_closing_early_waits_for_running_calls_and_drops_the_rest():
    begun: list[int] = []

    def slow(item: int) -> int:
        begun.append(item)
        time.sleep(0.02)
        return item

    answers = map_ordered(slow, itertools.count(), workers=2, ahead=50)
    next(answers)
    answers.close()
    assert not our_threads()
    assert len(begun) < 10


def test_iterator_that_is_dropped_or_never_begun_leaves_no_thread():
    answers = map_ordered(str, itertools.count(), workers=2, ahead=5)
    assert not our_threads()
    next(answers)
    assert our_threads()
    del answers
    assert wait_for(lambda: not our_threads())


@pytest.mark.parametrize(("workers", "ahead"), [(0, 1), (1, 0), (-1, 1)])
def test_numbers_below_one_are_refused_at_once(workers: int, ahead: int):
    with pytest.raises(ValueError, match="expected 1 or more"):
        map_ordered(str, [], workers=workers, ahead=ahead)


def test_what_is_not_iterable_is_refused_at_once():
    with pytest.raises(TypeError):
        map_ordered(str, 3, workers=1, ahead=1)  # type: ignore[arg-type]


@given(st.lists(st.integers()), st.integers(1, 7))
def test_batches_are_slices(items: list[int], size: int):
    assert list(batched(items, size)) == [items[i : i + size] for i in range(0, len(items), size)]


def test_items_before_a_failure_come_as_a_batch_before_it():
    def items() -> Iterator[int]:
        yield from range(5)
        raise RuntimeError("at five")

    batches = batched(items(), 3)
    assert [next(batches), next(batches)] == [[0, 1, 2], [3, 4]]
    with pytest.raises(RuntimeError, match="at five"):
        next(batches)
