"""Callers on the loopback: requests at even times, over connections each of which waits for its last answer.

A request is sent as bytes that were made before, and of an answer only the status is read: a client that makes and
reads everything anew takes half of the cores that it shares with the server.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SECONDS = 60.0  # that an answer may take
BOUNDARY = "photo-in-a-form"


@dataclass
class Outcome:
    """What became of the requests of one load.

    Attributes:
        seconds: of the load.
        answered: milliseconds of each request that was answered.
        refused: how many were told to come back.
        failed: what the others got, and how many.
    """

    seconds: float = 0.0
    answered: list[float] = field(default_factory=list)
    refused: int = 0
    failed: dict[str, int] = field(default_factory=dict)

    def count(self, status: str, seconds: float) -> None:
        """Count a request by the status of its answer, or by the kind of its failure."""
        if status == "200":
            self.answered.append(1000 * seconds)
        elif status == "429":
            self.refused += 1
        else:
            self.failed[status] = self.failed.get(status, 0) + 1


def post(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a request."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode() + body


def photo_form(path: str, photo: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """Return a request with a form whose part ``photo`` is a file."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="photo.jpg"\r\n'
    body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return post(path, kind | dict(headers or {}), body)


class Connection:
    """A connection to a server, opened again whenever the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> str:
        """Return the status of a request's answer, or the kind of its failure."""
        try:
            async with asyncio.timeout(SECONDS):
                return await self._asked(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, ValueError) as error:
            self.close()
            return type(error).__name__

    def close(self) -> None:
        """Close it."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _asked(self, request: bytes) -> str:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
        await reader.readexactly(int(fields["content-length"]))
        if fields.get("connection") == "close":
            self.close()
        return head.split(" ", 2)[1]


async def load(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int) -> Outcome:
    """Send requests at even times for some seconds, as far as connections are free.

    Args:
        port: of the server.
        requests: are sent in turn.
        rate: requests a second.
        seconds: for which new ones are sent.
        connections: how many are open.
    """
    outcome, begin = Outcome(), time.monotonic()
    numbers = iter(range(int(rate * seconds)))

    async def call() -> None:
        connection = Connection(port)
        for number in numbers:  # shared by all connections
            if time.monotonic() > begin + seconds:
                break
            await asyncio.sleep(max(0.0, begin + number / rate - time.monotonic()))
            sent = time.monotonic()
            outcome.count(await connection.ask(requests[number % len(requests)]), time.monotonic() - sent)
        connection.close()

    await asyncio.gather(*(call() for _ in range(connections)))
    outcome.seconds = time.monotonic() - begin
    return outcome
