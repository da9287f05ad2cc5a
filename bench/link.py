"""A line of limited speed between this machine and a server on it, so that the two do not only share a processor.

    python bench/link.py 127.0.0.1:7480 25      prints its own port; so many megabytes a second, each way

All connections together get that much in each direction, as on an office's line to a cloud.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_CHUNK = 64 * 1024


class Lane:
    """One direction: the sender waits until the bytes before have had their time."""

    def __init__(self, rate: float) -> None:
        self._rate, self._free = rate, 0.0

    async def send(self, size: int) -> None:
        """Waits as long as `size` bytes take."""
        now = time.monotonic()
        self._free = max(self._free, now) + size / self._rate
        await asyncio.sleep(self._free - now)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lane: Lane) -> None:
    try:
        while data := await reader.read(_CHUNK):
            await lane.send(len(data))
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def serve(host: str, port: int, rate: float) -> None:
    """Forwards connections to host:port for ever; `rate` is in bytes a second."""
    up, down = Lane(rate), Lane(rate)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, port)
        await asyncio.gather(_pump(reader, back, up), _pump(there, writer, down))

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def line(endpoint: str, megabytes: float) -> Iterator[str]:
    """The endpoint of the same server at the end of such a line."""
    process = subprocess.Popen(
        [sys.executable, __file__, endpoint.removeprefix("http://").rstrip("/"), str(megabytes)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    name, _, number = sys.argv[1].rpartition(":")
    asyncio.run(serve(name, int(number), float(sys.argv[2]) * 1e6))
