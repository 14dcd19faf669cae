"""Is anything lost that was acknowledged? Galleries and catalogues are killed, and meet a full disk.

    python benchmarks kills --kills 20

Galleries in a folder, in PostgreSQL and in Milvus: a writer adds, replaces, updates and removes items, and says before
and after each write which one it is. What it writes follows from the number of the write, so a dict says what must be
there. In a folder the writer is killed (SIGKILL) at random moments, mostly while a snapshot is being taken; of the
others the whole server is, all its processes, and is started again. After every kill the gallery must open, hold what
the dict holds after the last acknowledged write or after the one that was under way, and answer as a gallery in memory
does. Then the writer goes on. What a server lost is looked for once more ten seconds later, and after another restart.

The service on each of these: four callers add items by their photos while ``fashionsdk serve`` is killed. When it runs
again, every item that was acknowledged must be there, and no item with other vectors than its photo's.

A catalogue: ``fashionsdk embed-catalogue`` is killed at random moments and started again. After every kill the shards
that are there must be those of an undisturbed run, and in the end every photo must be there exactly once.

On a full disk the work must fail with one line, and what was there before must be there; a catalogue must go on when
there is space. That needs root on Linux. The servers are the tests' own, from packages: without them databases are
left out.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from damaged.small_bundle import small_bundle
from harness.tables import json_lines, table
from harness.this_machine import machine
from killed.busy import kept_busy
from killed.catalogue_kills import kill_catalogues
from killed.gallery_kills import kill_folders, kill_server
from killed.outcome import COLUMNS, Outcome
from killed.service_kills import kill_services
from killed.store_servers import KINDS, store_server

WHAT = ("folder", "postgres", "milvus", "service", "catalogue")
DATABASES = tuple(KINDS)


def jobs(only: list[str], kills: int) -> Iterator[Callable[[Path], Outcome | None]]:
    """Yield what to run, each in a folder of its own."""
    for codec in ("float32", "int8"):
        if "folder" in only:
            yield partial(_folder, codec, kills)
        for kind in DATABASES:
            if kind in only:
                yield partial(_database, kind, codec, kills)
    if "service" in only:
        yield partial(_service_of_folder, kills)
        for kind in DATABASES:
            yield partial(_service_of_database, kind, kills)
    if "catalogue" in only:
        yield partial(_catalogue, kills)


def _folder(codec: str, kills: int, folder: Path) -> Outcome:
    return kill_folders(codec, folder, kills)


def _database(kind: str, codec: str, kills: int, folder: Path) -> Outcome | None:
    return kill_server(kind, codec, kills)


def _service_of_folder(kills: int, folder: Path) -> Outcome:
    return kill_services("folder", small_bundle(folder).path, f"{folder / 'shop'}/", folder, kills)


def _service_of_database(kind: str, kills: int, folder: Path) -> Outcome | None:
    server = store_server(kind)
    if server is None:
        return None
    try:
        return kill_services(kind, small_bundle(folder).path, server.address("service"), folder, kills)
    finally:
        server.stop()


def _catalogue(kills: int, folder: Path) -> Outcome:
    return kill_catalogues(folder, kills)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="of each (default: 20)")
    parser.add_argument("--only", nargs="+", choices=WHAT, default=list(WHAT), help="default: all")
    parser.add_argument("--busy", type=int, default=0, help="processes that compute beside it (default: 0)")
    args = parser.parse_args()
    outcomes = []
    for job in jobs(args.only, args.kills):
        with tempfile.TemporaryDirectory(prefix="fashionsdk-kills-") as name, kept_busy(args.busy):
            outcome = job(Path(name))
        if outcome is None:
            print("a database is left out; pip install 'fashionsdk[dev]' brings a server", file=sys.stderr)
            continue
        outcomes.append(outcome)
        print(json_lines([dict(zip(COLUMNS, outcome.cells(), strict=True))]), flush=True)
    print(f"\n{table(COLUMNS, [outcome.cells() for outcome in outcomes])}\n")
    print(json_lines([machine("fashionsdk")]))
    sys.exit(0 if all(outcome.is_right for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
