"""Code in processes of their own: an object that answers calls, a program that runs once, or a function on many items.

A runtime that waits in a loop for its next call takes no time from another runtime that way, and another checkout of
the SDK can be imported.
"""

import multiprocessing
import os
import pickle
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")
R = TypeVar("R")

FOLDER = Path(__file__).parents[1]  # the benchmarks: their modules can be imported in the other process


class RemoteError(Exception):
    """The error of another process, in words."""


class RemoteObject:
    """An object that lives in a process of its own, which ends with this one's last reference to it.

    The process imports only the modules that ``make`` needs.

    Args:
        make: returns the object, in the other process; a function of a module or a ``functools.partial`` of one.
        first: folders that are searched for modules before all others.

    Raises:
        RemoteError: ``make`` raised.
    """

    def __init__(self, make: Callable[[], object], first: Sequence[Path] = ()) -> None:
        # Error output stays shared: it is where libraries warn.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "harness.separate_process"],
            env=_environment([*first, FOLDER]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        weakref.finalize(self, _end, self._process)
        self._send(make)

    def call(self, method: str, *arguments: object) -> Any:
        """Call a method of the object and return its result.

        Raises:
            RemoteError: it raised, or the process has ended.
        """
        return self._send((method, arguments))

    def _send(self, request: object) -> Any:
        assert self._process.stdin is not None, "opened as a pipe"
        assert self._process.stdout is not None, "opened as a pipe"
        try:
            pickle.dump(request, self._process.stdin)
            self._process.stdin.flush()
            done, answer = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            raise RemoteError(f"its process ended with status {self._process.wait()}") from error
        if not done:
            raise RemoteError(answer)
        return answer


def run_program(program: str, arguments: Sequence[str], first: Sequence[Path] = ()) -> tuple[int, str]:
    """Run a program in a fresh interpreter; return when it was started, ``time.monotonic_ns()``, and its output.

    Not a `RemoteObject`: where a cold start is measured, nothing else may be imported before.

    Args:
        program: Python code.
        arguments: the program's ``sys.argv[1:]``.
        first: folders that are searched for modules before all others.

    Raises:
        RemoteError: it failed.
    """
    command, environment = [sys.executable, "-c", program, *arguments], _environment(first)
    begin = time.monotonic_ns()  # the same clock in every process
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RemoteError(done.stderr)
    return begin, done.stdout


def map_in_processes(function: Callable[[T], R], items: Iterable[T], processes: int) -> Iterator[R]:
    """Yield the function's result for each item, in order, computed by a pool of fresh processes.

    Not `RemoteObject`: the pool gives the next item to the process that is free.
    """
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(function, items)


def _environment(first: Sequence[Path]) -> dict[str, str]:
    folders = [*map(str, first), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(folders)}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests: the first makes the object, the others call its methods."""
    made: Any = None
    answer: tuple[bool, object]
    while True:
        try:
            request = pickle.load(requests)
        except EOFError:
            return
        except Exception as error:  # a module is missing in this process; nothing after it can be read
            pickle.dump((False, f"{type(error).__name__}: {error}"), answers)
            answers.flush()
            return
        try:
            if made is None:
                made = request()
                answer = True, None
            else:
                method, arguments = request
                answer = True, getattr(made, method)(*arguments)
        except Exception as error:  # any error is passed on, in words
            answer = False, str(error).strip() or type(error).__name__
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not be mixed with answers
    _serve(sys.stdin.buffer, answers)
