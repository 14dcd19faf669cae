"""Objects in processes of their own."""

import gc
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from tests.benchmarks.conftest import Load


def test_an_object_answers_from_another_process(load: Load):
    apart = load("apart").Apart(partial(Fraction, 3, 4))
    assert apart.ask("limit_denominator", 1) == Fraction(3, 4).limit_denominator(1)
    assert apart.ask("__add__", Fraction(1, 4)) == 1


def test_what_a_library_prints_is_no_answer(load: Load):
    apart = load("apart").Apart(partial(eval, "print('hello') or [1, 2]"))
    assert apart.ask("__len__") == 2


def test_what_it_raises_is_told(load: Load):
    module = load("apart")
    with pytest.raises(module.ApartError, match="invalid literal"):
        module.Apart(partial(int, "one"))
    apart = module.Apart(partial(Fraction, 1, 2))
    with pytest.raises(module.ApartError, match="no attribute 'melt'"):
        apart.ask("melt")
    assert apart.ask("__neg__") == Fraction(-1, 2)


def test_a_process_that_died_is_told(load: Load):
    module = load("apart")
    apart = module.Apart(partial(Fraction, 1, 2))
    apart._process.kill()
    with pytest.raises(module.ApartError, match="ended with status -9"):
        apart.ask("__neg__")


def test_the_process_ends_with_the_last_reference(load: Load):
    apart = load("apart").Apart(partial(Fraction, 1, 2))
    stat = Path(f"/proc/{apart._process.pid}")
    assert stat.exists()
    del apart
    gc.collect()
    end = time.monotonic() + 5
    while stat.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not stat.exists()


def test_a_childs_time_on_the_processor_is_the_programs_own(load: Load):
    measure, busy = (
        load("measure"),
        "exec('import time; end = time.process_time() + 0.3\\nwhile time.process_time() < end: pass')",
    )
    before = measure.Others()._begin[2]
    busy_child = load("apart").Apart(partial(eval, f"{busy} or [1]"))
    assert measure.Others()._begin[2] - before >= 0.3
    del busy_child
