"""Does a damaged upload do harm to the service? Photos of every format, changed at random, are sent to it.

    python benchmarks uploads BUNDLE --uploads 100000

``fashionsdk serve`` runs in a process of its own. Each upload may be embedded, or be refused with a status of 4xx.
Anything else is a fault: another status, a lost connection, a process that ended. The table says what became of each
format, and how much memory the service's process held. The same seed sends the same photos.
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from damaged.photos import Photos
from fashionsdk._tools.progress import progress_bar
from harness.drawn_jpegs import drawn_jpeg
from harness.tables import json_lines, table
from harness.this_machine import machine
from servers.embedding_servers import write_gallery
from servers.started import Started, serve

PACKAGES = ("fashionsdk", "pillow", "numpy", "onnxruntime", "fastapi", "uvicorn")
HEADER = ("format", "uploads", "embedded", "refused (4xx)", "faults")
CALLERS = 4
WARM = 500  # uploads before the memory is first looked at
LOOK = 500  # uploads between two looks
SIDE = 300  # of the photo of the gallery's one item


class Tally:
    """What became of the uploads, by format."""

    def __init__(self) -> None:
        self._of: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, form: str, status: int | str) -> None:
        """Count an upload by its status, or by what came instead of one."""
        number = status if isinstance(status, int) else 0
        kind = "embedded" if number == 200 else "refused" if 400 <= number < 500 else f"fault {status}"
        self._of[form][kind] += 1

    @property
    def faults(self) -> Counter[str]:
        """Return how many faults there were of each kind."""
        return Counter({kind: n for each in self._of.values() for kind, n in each.items() if kind.startswith("fault")})

    def rows(self) -> list[list[str]]:
        """Return a row for each format."""
        counts = [(name, self._of[name]) for name in sorted(self._of)]
        return [
            [name, *map(str, (sum(each.values()), each["embedded"], each["refused"], _faults(each)))]
            for name, each in counts
        ]


def _faults(counts: Counter[str]) -> int:
    return sum(number for kind, number in counts.items() if kind.startswith("fault"))


def send(server: Started, photos: Photos, count: int) -> tuple[Tally, list[float]]:
    """Send so many damaged photos; return what became of them, and the process's MB as time goes by."""
    tally, memory = Tally(), []
    with httpx.Client(base_url=server.address, timeout=120) as client, ThreadPoolExecutor(CALLERS) as pool:

        def upload(index: int) -> tuple[str, int | str]:
            form, content = photos.damaged(index)
            try:
                return form, client.post("/v1/embed", files={"photo": content}).status_code
            except httpx.HTTPError as error:
                return form, type(error).__name__

        with progress_bar(None, "uploads", count, "upload") as bar:
            for begin in range(0, count, LOOK):
                for form, status in pool.map(upload, range(begin, min(begin + LOOK, count))):
                    tally.add(form, status)
                    bar.update(1)
                if begin >= WARM:
                    memory.append(server.memory())
    return tally, memory


def main() -> None:
    """Send as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--uploads", type=int, default=100_000, help="how many (default: 100000)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        gallery = write_gallery(args.bundle, drawn_jpeg(0, SIDE), Path(folder))
        server = serve(args.bundle, str(gallery), Path(folder), stack)
        tally, memory = send(server, Photos(Path(folder), args.seed), args.uploads)
        alive = server.lives
    print(table(HEADER, tally.rows()))
    first, last = (sum(part) / max(len(part), 1) for part in (memory[: len(memory) // 4], memory[-len(memory) // 4 :]))
    print(
        f"\nmemory, MB: {first:.0f} in the first quarter, {last:.0f} in the last, {max(memory, default=0):.0f} at most"
    )
    print(f"\n{json_lines([machine(*PACKAGES), dict(tally.faults), {'memory': memory[:: max(len(memory) // 50, 1)]}])}")
    if tally.faults or not alive:
        sys.exit(f"{sum(tally.faults.values())} faults; the process {'lives' if alive else 'ended'}")


if __name__ == "__main__":
    main()
