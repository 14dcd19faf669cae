"""Trials in processes that are watched: what each ended in, how long it took, and how much memory it needed at once."""

import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["answer", "refusal", "fault"]
Trial: TypeAlias = Callable[[int], tuple[str, Outcome, str]]

MEGABYTE = 1e6
START = 300.0  # seconds that a process may take until its first trial
ADDRESS_SPACE = 16 << 30  # bytes: a trial that wants more fails, and the machine does not


@dataclass(frozen=True)
class TrialResult:
    """One trial.

    Attributes:
        index: its number.
        group: what it is counted under.
        outcome: how it ended.
        words: the error, if there was one.
        seconds: of all CPUs together.
        megabytes: the most that the process held at once, above what it held before.
    """

    index: int
    group: str
    outcome: Outcome
    words: str
    seconds: float = 0.0
    megabytes: float = 0.0


def watched(
    make: Callable[[], Trial], count: int, *, processes: int, deadline: float
) -> Generator[TrialResult, None, None]:
    """Yield the result of each trial, in any order.

    A trial whose process dies, or that takes longer than ``deadline`` seconds, is a fault. The others go on.

    Args:
        make: returns the function that does trial ``index`` and returns its group, its outcome and the error in words;
            called in each process, so a function of a module or a ``functools.partial`` of one.
        count: trials 0 to ``count - 1``.
        processes: how many at once.
        deadline: in seconds.
    """
    context = multiprocessing.get_context("spawn")
    workers = [_Worker(context, make, range(number, count, processes)) for number in range(processes)]
    try:
        while any(worker.todo for worker in workers):
            for worker in workers:
                yield from worker.results(deadline)
    finally:
        for worker in workers:
            worker.stop()


class _Worker:
    """One process after the other for a row of trials; a new one starts after the trial that a process did not end."""

    def __init__(self, context: multiprocessing.context.SpawnContext, make: Callable[[], Trial], trials: range) -> None:
        self._context, self._make, self.todo = context, make, trials
        self._process: multiprocessing.context.SpawnProcess | None = None

    def results(self, deadline: float) -> Generator[TrialResult, None, None]:
        """Yield what has arrived, or the fault of a process that died or does not answer."""
        if not self.todo:
            return
        if self._process is None:
            self._messages, theirs = self._context.Pipe(duplex=False)
            self._process = self._context.Process(target=_work, args=(self._make, self.todo, theirs))
            self._process.start()
            theirs.close()  # so that the pipe ends with the process
            self._end = time.monotonic() + START
        if not self._messages.poll(0.05):
            if time.monotonic() > self._end:
                yield self._fault(f"no answer after {deadline:g} seconds")
            return
        try:
            message = self._messages.recv()
        except EOFError:
            self._process.join()
            yield self._fault(f"its process ended with {self._process.exitcode}")
            return
        self._end = time.monotonic() + deadline
        if isinstance(message, TrialResult):
            self.todo = self.todo[1:]
            yield message
        if not self.todo:
            self.stop()

    def _fault(self, words: str) -> TrialResult:
        """Give up the trial that runs, and its process."""
        self.stop()
        index, self.todo = self.todo[0], self.todo[1:]
        return TrialResult(index, "?", "fault", words)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._messages.close()
            self._process.kill()
            self._process.join()
            self._process = None


def _work(make: Callable[[], Trial], trials: range, messages: "Connection[TrialResult | None, object]") -> None:
    """Do trials in this process; None says that it is ready."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # libraries in C remark on damaged files
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    trial = make()
    messages.send(None)
    for index in trials:
        before, start = _forget_peak(), time.process_time()
        group, outcome, words = trial(index)
        seconds, megabytes = time.process_time() - start, (_status("VmHWM") - before) / MEGABYTE
        messages.send(TrialResult(index, group, outcome, words, seconds, megabytes))


def _forget_peak() -> int:
    """Let the kernel count this process's peak anew, and return the bytes that it holds now."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    with open("/proc/self/status") as file:
        (line,) = (line for line in file if line.startswith(name))
    return int(line.split()[1]) * 1024
