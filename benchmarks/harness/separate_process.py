"""Objects in processes of their own: a runtime that waits in a loop for its next call takes no time from another."""

import os
import pickle
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

FOLDER = Path(__file__).parents[1]  # where the modules lie whose objects are made


class ApartError(Exception):
    """What an object in another process raised, in words."""


class Apart:
    """An object that lives in a process of its own, which ends with this one's last reference to it.

    The process loads only the modules that ``make`` needs.

    Args:
        make: returns the object, there; a function of a module or a ``functools.partial`` of one.

    Raises:
        ApartError: ``make`` raised.
    """

    def __init__(self, make: Callable[[], object]) -> None:
        # Error output stays shared: it is where libraries warn.
        command = [sys.executable, "-m", "harness.separate_process"]
        path = os.pathsep.join([str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {"PYTHONPATH": path}
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        weakref.finalize(self, _end, self._process)
        self._ask(make)

    def ask(self, method: str, *arguments: object) -> Any:
        """Call a method there and return what it returned.

        Raises:
            ApartError: it raised, or the process is gone.
        """
        return self._ask((method, arguments))

    def _ask(self, question: object) -> Any:
        assert self._process.stdin is not None, "it was asked for"
        assert self._process.stdout is not None, "it was asked for"
        try:
            pickle.dump(question, self._process.stdin)
            self._process.stdin.flush()
            done, answer = pickle.load(self._process.stdout)
        except (EOFError, BrokenPipeError) as error:
            raise ApartError(f"its process ended with status {self._process.wait()}") from error
        if not done:
            raise ApartError(answer)
        return answer


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def _serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions: the first makes the object, the others call its methods."""
    made: Any = None
    answer: tuple[bool, object]
    while True:
        try:
            question = pickle.load(questions)
        except EOFError:
            return
        except Exception as error:  # what was asked for is not of this process, and nothing after it can be read
            pickle.dump((False, f"{type(error).__name__}: {error}"), answers)
            answers.flush()
            return
        try:
            if made is None:
                made = question()
                answer = True, None
            else:
                method, arguments = question
                answer = True, getattr(made, method)(*arguments)
        except Exception as error:  # whatever it is, the other side shall read it
            answer = False, str(error).strip() or type(error).__name__
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not end up among answers
    _serve(sys.stdin.buffer, answers)
