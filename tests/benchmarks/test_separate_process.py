"""Code in processes of its own."""

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
    remote = load("harness.separate_process").RemoteObject(partial(Fraction, 3, 4))
    assert remote.call("limit_denominator", 1) == Fraction(3, 4).limit_denominator(1)
    assert remote.call("__add__", Fraction(1, 4)) == 1


def test_what_a_library_prints_is_no_answer(load: Load):
    remote = load("harness.separate_process").RemoteObject(partial(eval, "print('hello') or [1, 2]"))
    assert remote.call("__len__") == 2


def test_its_errors_are_passed_on_in_words(load: Load):
    module = load("harness.separate_process")
    with pytest.raises(module.RemoteError, match="invalid literal"):
        module.RemoteObject(partial(int, "one"))
    remote = module.RemoteObject(partial(Fraction, 1, 2))
    with pytest.raises(module.RemoteError, match="no attribute 'melt'"):
        remote.call("melt")
    assert remote.call("__neg__") == Fraction(-1, 2)


def test_a_process_that_died_is_an_error(load: Load):
    module = load("harness.separate_process")
    remote = module.RemoteObject(partial(Fraction, 1, 2))
    remote._process.kill()
    with pytest.raises(module.RemoteError, match="ended with status -9"):
        remote.call("__neg__")


def test_a_folder_given_first_hides_other_modules(load: Load, tmp_path: Path):
    (tmp_path / "fractions.py").write_text(
        "class Fraction:\n    def __init__(self, *parts): pass\n    def name(self): return 'other'"
    )
    remote = load("harness.separate_process").RemoteObject(partial(Fraction, 1, 2), [tmp_path])
    assert remote.call("name") == "other"


def test_a_program_runs_in_a_fresh_interpreter(load: Load):
    module, before = load("harness.separate_process"), time.monotonic_ns()
    begin, output = module.run_program("import sys; print(sys.argv[1:])", ["one", "two"])
    assert before <= begin <= time.monotonic_ns()
    assert output == "['one', 'two']\n"
    with pytest.raises(module.RemoteError, match="ZeroDivisionError"):
        module.run_program("1 / 0", [])


def test_a_function_is_mapped_in_order(load: Load):
    assert list(load("harness.separate_process").map_in_processes(abs, [-1, 2, -3], 2)) == [1, 2, 3]


def test_the_process_ends_with_the_last_reference(load: Load):
    remote = load("harness.separate_process").RemoteObject(partial(Fraction, 1, 2))
    stat = Path(f"/proc/{remote._process.pid}")
    assert stat.exists()
    del remote
    gc.collect()
    end = time.monotonic() + 5
    while stat.exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert not stat.exists()


def test_the_time_that_a_child_spends_is_the_programs_own_and_that_of_others_is_not():
    """In a process of its own: the other workers of this run are busy too."""
    program = """
import subprocess, sys
from harness.this_machine import OtherLoad
busy = "import time\\nwhile time.process_time() < 0.4: pass\\nprint(flush=True); input()"
before = OtherLoad()._begin[2]
child = subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(OtherLoad()._begin[2] - before)
child.communicate(b"\\n")
print(OtherLoad()._begin[2] - before)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=True)
    living, ended = map(float, done.stdout.split())
    assert 0.35 <= living < 5
    assert living - 0.05 <= ended < 5
