"""A proxy before a store that loses what is published, as pub/sub may: single messages, or all of a connection."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import hiredis

from tests.servers import url_of
from tests.waiting import until

CHUNK_BYTES: Final = 1 << 16
PUBLISHED: Final = (b"message", b"smessage")


class Lossy:
    """
    Forwards connections to the unix socket of a server.

    Attributes:
        loss: with which probability a published message is lost.
        lost: how many were.
        subscriptions: how many connections have subscribed to anything.
    """

    def __init__(self, folder: str, target: str, dice: random.Random) -> None:
        self.socket: Final = f"{folder}/p"
        self.url: Final = url_of(self.socket)
        self.loss = 0.0
        self.lost = 0
        self.subscriptions = 0
        self._target, self._dice = target, dice
        self._connections: set[_Connection] = set()

    async def serve(self) -> asyncio.Server:
        """Begin to listen."""
        return await asyncio.start_unix_server(self._connect, self.socket)

    def deafen(self) -> int:
        """Pass nothing on any more to those that have subscribed, who are not told; answer how many there are."""
        deaf = [one for one in self._connections if one.subscribed and not one.deaf]
        for connection in deaf:
            connection.deaf = True
        return len(deaf)

    async def close(self) -> None:
        """Cut everything and wait until nothing is left of it."""
        for connection in self._connections:
            connection.cut()
        await until(lambda: not self._connections, "all connections have ended")

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        connection = _Connection((writer, to_server))
        self._connections.add(connection)
        forwarding = self._forward(connection, reader, to_server)
        try:
            await asyncio.gather(forwarding, self._answer(connection, from_server, writer))
        finally:
            self._connections.discard(connection)

    async def _forward(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if b"SUBSCRIBE\r\n" in data and not connection.subscribed:
                    connection.subscribed = True
                    self.subscriptions += 1
                writer.write(data)
        connection.cut()

    async def _answer(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if connection.deaf:
                    continue
                writer.write(self._kept(connection, data) if connection.subscribed else data)
        connection.cut()

    def _kept(self, connection: _Connection, data: bytes) -> bytes:
        """What of the pushes in *data* is passed on; whole ones only, so that nothing shows."""
        connection.pushes.feed(data)
        kept = b""
        while (push := connection.pushes.gets()) is not False:
            if push[0] in PUBLISHED and self._dice.random() < self.loss:
                self.lost += 1
            else:
                kept += _encoded(push)
        return kept


class _Connection:
    """What is known of one."""

    def __init__(self, writers: tuple[asyncio.StreamWriter, ...]) -> None:
        self._writers = writers
        self.subscribed = False
        self.deaf = False
        self.pushes = hiredis.Reader()

    def cut(self) -> None:
        """End it on both sides."""
        for writer in self._writers:
            writer.transport.abort()


def _encoded(push: list[Any]) -> bytes:
    """An array of texts and numbers as RESP2 writes it."""
    parts = (b":%d\r\n" % one if isinstance(one, int) else b"$%d\r\n%s\r\n" % (len(one), one) for one in push)
    return b"*%d\r\n%s" % (len(push), b"".join(parts))


@asynccontextmanager
async def lossy(target: str, dice: random.Random) -> AsyncIterator[Lossy]:
    """A lossy proxy before the unix socket *target*."""
    folder = tempfile.mkdtemp(prefix="lossy-")
    proxy = Lossy(folder, target, dice)
    server = await proxy.serve()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        shutil.rmtree(folder, ignore_errors=True)
