"""How many photos a second does the service embed for many callers, and what becomes of twice as many?

    make litserve-environment triton-environment  # others' servers, each in an environment of its own
    python benchmarks service_load BUNDLE --seconds 60

The bare `Embedder` embeds JPEG files in batches: the capacity, in photos a second. Callers on the loopback send twice
as many to ``fashionsdk serve``, and once more with half a second until each deadline, so that it has to refuse some; to
a plain FastAPI handler that embeds one photo a request; to LitServe and to NVIDIA Triton around the same model. Each of
``--connections`` sends its next request when the last was answered, so a server that refuses nothing gets fewer. The
callers share the cores with the server. Memory is that of all its processes. A row is printed once it is measured.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fashionsdk import Embedder
from harness.drawn_jpegs import drawn_jpeg
from harness.tables import json_lines, row
from harness.this_machine import OtherLoad, machine
from servers.callers import Connection, Outcome, load
from servers.embedding_servers import BATCH, Server, embedding_servers
from servers.started import Started

PACKAGES = ("fashionsdk", "onnxruntime", "openvino", "fastapi", "uvicorn", "numpy", "pillow")
HEADER = (
    *("what", "capacity around it", "sent, a second", "answered, a second", "÷ capacity", "refused (429)", "failed"),
    *("p50, ms", "p99, ms", "memory, MB", "quiet, ms", "a second after, ms"),
)
PHOTOS, SIDE = 16, 600
REST = 1.0  # seconds after the load, until the service shall be as before


@dataclass
class Measured:
    """A server before, under and after the load.

    Attributes:
        outcome: of the load.
        memory: MB, before, then every second, then after.
        quiet: milliseconds of a single request before the load.
        after: likewise, after it.
    """

    outcome: Outcome
    memory: list[float] = field(default_factory=list)
    quiet: float = 0.0
    after: float = 0.0

    def record(self, name: str) -> dict[str, Any]:
        """Return it for a program."""
        times = sorted(self.outcome.answered) or [float("nan")]
        return {
            "what": name,
            "sent/s": (len(self.outcome.answered) + self.outcome.refused) / self.outcome.seconds,
            "answered/s": len(self.outcome.answered) / self.outcome.seconds,
            "refused": self.outcome.refused,
            "failed": self.outcome.failed,
            "p50": times[len(times) // 2],
            "p99": times[int(0.99 * (len(times) - 1))],
            "memory": [self.memory[0], max(self.memory), self.memory[-1]],
            "quiet": self.quiet,
            "after": self.after,
        }


def cells(record: dict[str, Any]) -> list[str]:
    """Return the row of a table. The machine's own speed drifts, so capacity is what it is around the load."""
    around = (record["capacity before"], record["capacity after"])
    return [
        *(record["what"], " to ".join(f"{each:.0f}" for each in around)),
        *(f"{record['sent/s']:.0f}", f"{record['answered/s']:.1f}"),
        *(f"{record['answered/s'] / statistics.mean(around):.2f}", str(record["refused"])),
        ", ".join(f"{count} x {what}" for what, count in record["failed"].items()) or "0",
        *(f"{record['p50']:.0f}", f"{record['p99']:.0f}"),
        " to ".join(f"{each:.0f}" for each in record["memory"]),
        *(f"{record['quiet']:.0f}", f"{record['after']:.0f}"),
    ]


def capacity(bundle: Path, photos: Sequence[bytes], seconds: float) -> float:
    """Return photos a second of the bare `Embedder`, which reads a batch's files in threads, for some time."""
    with Embedder(bundle, batch_size=BATCH) as embedder:
        embedder.embed(list(photos))
        begin, count = time.monotonic(), 0
        while time.monotonic() - begin < seconds:
            count += len(embedder.embed(list(photos)))
        return count / (time.monotonic() - begin)


async def measured(
    server: Started, requests: Sequence[bytes], rate: float, seconds: float, connections: int
) -> Measured:
    """Load a server, and look at its memory; ask single requests before and after."""
    quiet, memory = await _single(server, requests), [server.memory()]
    loading = asyncio.ensure_future(load(server.port, requests, rate, seconds, connections))
    while not loading.done():
        await asyncio.wait({loading}, timeout=1)
        memory.append(server.memory())
    await asyncio.sleep(REST)
    after = await _single(server, requests)
    return Measured(loading.result(), [*memory, server.memory()], quiet, after)


async def _single(server: Started, requests: Sequence[bytes]) -> float:
    """Return the median milliseconds of requests one after the other."""
    connection, times = Connection(server.port), []
    for request in requests:
        begin = time.monotonic()
        if await connection.ask(request) == "200":
            times.append(1000 * (time.monotonic() - begin))
    connection.close()
    return statistics.median(times) if times else float("nan")


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--factor", type=float, default=2.0, help="of the capacity, how much is sent (default: 2)")
    parser.add_argument("--only", nargs="+", help="measure servers whose names begin so (default: all)")
    parser.add_argument("--out", type=Path, default=Path("runs/service_load"), help="folder for logs and a gallery")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    photos, others = [drawn_jpeg(index, SIDE) for index in range(PHOTOS)], OtherLoad()
    print(row(HEADER), row(["---"] * len(HEADER)), sep="\n", flush=True)
    records: list[dict[str, Any]] = []
    before = capacity(args.bundle, photos, args.seconds / 6)
    for server in embedding_servers(args.bundle.resolve(), photos, args.out):
        if args.only is None or server.name.startswith(tuple(args.only)):
            record = _loaded(server, args.factor * before, args.seconds, args.connections)
            after = capacity(args.bundle, photos, args.seconds / 6)
            records.append(record | {"capacity before": before, "capacity after": after})
            print(row(cells(records[-1])), flush=True)
            before = after
    print(f"\nother programs took {others.cores()} cores\n\n{json_lines([machine(*PACKAGES), *records])}")


def _loaded(server: Server, rate: float, seconds: float, connections: int) -> dict[str, Any]:
    with ExitStack() as stack:
        started = server.start(stack)
        return asyncio.run(measured(started, server.requests, rate, seconds, connections)).record(server.name)


if __name__ == "__main__":
    main()
