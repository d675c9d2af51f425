"""A network between a worker and a server that loses what tests want it to lose."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

CHUNK_BYTES: Final = 1 << 16


class Network:
    """
    Forwards TCP connections to *target*.

    Attributes:
        address: where it listens.
        connections: how many were made in all.
    """

    def __init__(self, target: str) -> None:
        self._host, _, self._port = target.rpartition(":")
        self.address = ""
        self.connections = 0
        self._answers_pass, self._requests_pass = asyncio.Event(), asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self.mend()

    async def serve(self) -> asyncio.Server:
        """Begin to listen."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    def lose_answers(self) -> None:
        """Pass nothing on that the server says, and say so to nobody."""
        self._answers_pass.clear()

    def lose_everything(self) -> None:
        """Pass nothing on in either direction."""
        self._answers_pass.clear()
        self._requests_pass.clear()

    def mend(self) -> None:
        """Pass everything on again."""
        self._answers_pass.set()
        self._requests_pass.set()

    def cut(self) -> None:
        """Cut the connections that stand. What was held back is lost."""
        for writer in self._writers:
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        to_server = await asyncio.open_connection(self._host, int(self._port))
        self._writers |= {writer, to_server[1]}
        await asyncio.gather(
            _pass_on(reader, to_server[1], self._requests_pass),
            _pass_on(to_server[0], writer, self._answers_pass),
        )
        self._writers -= {writer, to_server[1]}


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event
) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            if not passing.is_set():
                await passing.wait()
            writer.write(data)
    writer.transport.abort()


@asynccontextmanager
async def network(target: str) -> AsyncIterator[Network]:
    """A network before the server at *target*."""
    between = Network(target)
    server = await between.serve()
    try:
        yield between
    finally:
        server.close()
        between.mend()
        between.cut()
