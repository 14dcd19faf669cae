"""Processes that keep the processors busy: what goes wrong only when everything is late shows beside them."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_busy(count: int) -> Iterator[None]:
    """Run so many processes that do nothing but compute, while the block runs."""
    command = [sys.executable, "-c", "while True: pass"]
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
