"""Run a server on this network, and hand what reaches a socket of another network to the server's port.

A socket stays on the network where it was made. So who starts this makes the socket, and starts this on a new network.
The server is killed when standard input ends, as it does when who started this ends, in whatever way.
"""

import asyncio
import contextlib
import os
import socket
import sys

PORT = 19530


async def main() -> int:
    server = await asyncio.create_subprocess_exec(*sys.argv[2:], stdin=asyncio.subprocess.DEVNULL)
    loop = asyncio.get_running_loop()
    ended = loop.run_in_executor(None, sys.stdin.buffer.read)
    ended.add_done_callback(lambda _: server.kill())
    listener = socket.socket(fileno=int(sys.argv[1]))
    async with await asyncio.start_server(relay, sock=listener):
        return await server.wait()


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError), contextlib.closing(writer):
        from_server, to_server = await asyncio.open_connection("127.0.0.1", PORT)
        with contextlib.closing(to_server):
            await asyncio.gather(pump(reader, to_server), pump(from_server, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
    writer.close()


if __name__ == "__main__":
    os._exit(asyncio.run(main()))  # not waiting for the thread that reads
