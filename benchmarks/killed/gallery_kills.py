"""Kills the writer of a gallery in a folder, and the server of one in a database, at random moments."""

import os
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Protocol

from fashionsdk import Matcher
from fashionsdk._tools.progress import progress_bar
from fashionsdk.search.stores import open_store
from killed.gallery_writes import Expected, after, contract, run_writer
from killed.outcome import RIGHT, Outcome
from killed.store_servers import StoreServer, store_server
from robustness.interruptions import mounted

MOST_SECONDS = 1.0  # from a writer's first write to its kill
LATER_SECONDS = 10.0  # after which what was missing is looked for again


class Victim(Protocol):
    """What is killed while a gallery is written.

    Attributes:
        name: for the table.
        address: of the gallery.
        begun: what the writer says before it may be killed, "try" or "done".
    """

    name: str
    address: str
    begun: str

    def kill(self, writer: "subprocess.Popen[str]") -> None:
        """Kill it."""

    def start(self) -> None:
        """Bring it back, so that the gallery can be read."""

    def look_again(self, lines: list[str], writes: int, codec: str) -> str:
        """Tell whether a fault passes; "" if only a kill makes one."""


class FolderWriter:
    """The writer of a gallery in a folder."""

    begun = "try"

    def __init__(self, address: str) -> None:
        self.name, self.address, self.snapshots = "folder", address, set[str]()

    def kill(self, writer: "subprocess.Popen[str]") -> None:
        """Kill it."""
        writer.kill()

    def start(self) -> None:
        """Note which snapshot the kill left."""
        with Matcher.open(self.address) as matcher:
            self.snapshots.add(str(matcher.details()["snapshot"]))

    def look_again(self, lines: list[str], writes: int, codec: str) -> str:
        """Return "": nothing changes a folder after a kill."""
        return ""


class DatabaseServer:
    """A server and all its processes.

    Writers wait after a restart, so it is killed only once it acknowledged a write.
    """

    begun = "done"

    def __init__(self, kind: str, server: StoreServer) -> None:
        self.name, self.address, self._server = kind, server.address("kills"), server

    def kill(self, writer: "subprocess.Popen[str]") -> None:
        """Kill it."""
        self._server.kill()

    def start(self) -> None:
        """Start it again."""
        self._server.start()

    def look_again(self, lines: list[str], writes: int, codec: str) -> str:
        """Tell whether what is missing is there a while later, and after another restart."""
        time.sleep(LATER_SECONDS)
        later = after(lines, self.address, Expected.after(writes), codec) or RIGHT
        self._server.kill()
        self._server.start()
        restarted = after(lines, self.address, Expected.after(writes), codec) or RIGHT
        return f"; {LATER_SECONDS:g} s later: {later}; started again: {restarted}"


def kill_folders(codec: str, folder: Path, kills: int) -> Outcome:
    """Kill the writer of a folder, then fill its disk."""
    victim = FolderWriter(f"{folder / 'shop'}/")
    wrong, writes = _killed(victim, codec, kills)
    work = f"{writes} writes, {len(victim.snapshots)} snapshots"
    return Outcome(f"folder, {codec}", kills, work, wrong or RIGHT, _full_folder(codec, folder))


def _full_folder(codec: str, folder: Path) -> str:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return "not root"
    with mounted(folder / "full", "size=4m") as disk:
        address = f"{disk / 'shop'}/"
        open_store(address, contract=contract(codec), create=True).close()
        lines = run_writer(address, 0)
        return after(lines, address, Expected(), codec) or f"{RIGHT}: {lines[-1].strip().replace(str(disk), 'DISK')}"


def kill_server(kind: str, codec: str, kills: int) -> Outcome | None:
    """Kill a database server and all its processes while a client writes; None if there is no server to start here."""
    server = store_server(kind)
    if server is None:
        return None
    try:
        wrong, writes = _killed(DatabaseServer(kind, server), codec, kills)
    finally:
        server.stop()
    return Outcome(f"{kind}, {codec}, the whole server", kills, f"{writes} writes", wrong or RIGHT, "not measured")


def _killed(victim: Victim, codec: str, kills: int) -> tuple[str, int]:
    """Return the first fault of several kills, "" if there is none, and how many writes there were."""
    open_store(victim.address, contract=contract(codec), create=True).close()
    expected, draw = Expected(), random.Random(0)

    def kill(writer: "subprocess.Popen[str]") -> None:
        time.sleep(draw.uniform(0.0, MOST_SECONDS))
        victim.kill(writer)

    for number in progress_bar(range(kills), f"{victim.name} {codec}", None, "kill"):
        before = expected.writes
        lines = run_writer(victim.address, before, kill, begun=victim.begun)
        victim.start()
        if text := after(lines, victim.address, expected, codec):
            return f"kill {number}: {text}{victim.look_again(lines, before, codec)}", expected.writes
    return "", expected.writes
