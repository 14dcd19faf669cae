"""Objects in processes of their own."""

import gc
import subprocess
import sys
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

import pytest

from tests.benchmarks.conftest import FOLDER, Load


def test_an_object_answers_from_another_process(load: Load):
    apart = load("harness.separate_process").Apart(partial(Fraction, 3, 4))
    assert apart.ask("limit_denominator", 1) == Fraction(3, 4).limit_denominator(1)
    assert apart.ask("__add__", Fraction(1, 4)) == 1


def test_what_a_library_prints_is_no_answer(load: Load):
    apart = load("harness.separate_process").Apart(partial(eval, "print('hello') or [1, 2]"))
    assert apart.ask("__len__") == 2


def test_what_it_raises_is_told(load: Load):
    module = load("harness.separate_process")
    with pytest.raises(module.ApartError, match="invalid literal"):
        module.Apart(partial(int, "one"))
    apart = module.Apart(partial(Fraction, 1, 2))
    with pytest.raises(module.ApartError, match="no attribute 'melt'"):
        apart.ask("melt")
    assert apart.ask("__neg__") == Fraction(-1, 2)


def test_a_process_that_died_is_told(load: Load):
    module = load("harness.separate_process")
    apart = module.Apart(partial(Fraction, 1, 2))
    apart._process.kill()
    with pytest.raises(module.ApartError, match="ended with status -9"):
        apart.ask("__neg__")


def test_the_process_ends_with_the_last_reference(load: Load):
    apart = load("harness.separate_process").Apart(partial(Fraction, 1, 2))
    stat = Path(f"/proc/{apart._process.pid}")
    assert stat.exists()
    del apart
    gc.collect()
    end = time.monotonic() + 5
    while stat.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not stat.exists()


def test_the_time_that_a_child_spends_is_the_programs_own_and_that_of_others_is_not():
    """In a process of its own: the other workers of this run are busy too."""
    program = """
import subprocess, sys
from harness.measure import Others
busy = "import time\\nwhile time.process_time() < 0.4: pass\\nprint(flush=True); input()"
before = Others()._begin[2]
child = subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(Others()._begin[2] - before)
child.communicate(b"\\n")
print(Others()._begin[2] - before)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=True)
    living, ended = map(float, done.stdout.split())
    assert 0.35 <= living < 5
    assert living - 0.05 <= ended < 5
