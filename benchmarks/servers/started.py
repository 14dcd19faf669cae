"""Servers in processes of their own, on a free port of the loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120  # that a server may take to start or to end


@dataclass(frozen=True)
class Started:
    """A server that answers.

    Attributes:
        address: where it listens.
        process: number of what runs it.
    """

    address: str
    process: int

    @property
    def port(self) -> int:
        """Where it listens, on the loopback."""
        return int(self.address.rpartition(":")[2])

    @property
    def lives(self) -> bool:
        """Whether the process has not ended."""
        with suppress(FileNotFoundError, ProcessLookupError):
            return "\nState:\tZ" not in Path(f"/proc/{self.process}/status").read_text()
        return False

    def memory(self) -> float:
        """Return MB of memory that the process holds, and those that it has started."""
        return sum(map(_memory, _with_children(self.process)))


def start(command: Sequence[str], log: Path, environment: Mapping[str, str], stack: ExitStack) -> Started:
    """Start a server whose command takes ``--port``; it ends with the stack.

    Raises:
        RuntimeError: it does not answer; the message is its log.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with log.open("wb") as stream:
        whole = [*command, "--port", str(port)]
        process = subprocess.Popen(
            whole, stdout=stream, stderr=stream, env={**os.environ, **environment}, start_new_session=True
        )
    stack.callback(_end, process)
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + SECONDS
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(f"the server does not start:\n{log.read_text()}")
        time.sleep(0.1)
    return Started(address, process.pid)


def serve(bundle: Path, gallery: str, folder: Path, stack: ExitStack, workers: int = 1) -> Started:
    """Start ``fashionsdk serve``; it ends with the stack.

    Args:
        bundle: the model.
        gallery: its address.
        folder: for the log.
        stack: ends it.
        workers: its processes.
    """
    command = [sys.executable, "-m", "fashionsdk", "serve", str(bundle.resolve()), "--gallery", gallery]
    return start([*command, "--workers", str(workers)], folder / "service.log", {}, stack)


def _with_children(process: int) -> list[int]:
    found = [process]
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        for child in listed.read_text().split():
            found += _with_children(int(child))
    return found


def _memory(process: int) -> float:
    """Return MB that a process holds; what it shares with others counts in parts."""
    with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1000
    return 0.0


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=1):
            return True
    except (OSError, urllib.error.URLError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the server as its users do; kill what it leaves."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
