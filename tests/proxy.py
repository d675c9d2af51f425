"""A proxy that stands between a store and its server and does what networks do: cut, delay, swallow."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from tests.servers import url_of

CHUNK_BYTES: Final = 1 << 16


class Proxy:
    """
    Forwards connections to the unix socket of a server.

    Attributes:
        cut_after: what a command must contain to be carried out but never answered: its connection is cut when the
            reply comes. Each entry is used once, first ones first.
        hold_after_cut: whether such a cut begins a black hole, so that nothing is repeated before it is lifted.
        refusals: replies that the next commands get in the server's place, without being forwarded.
        delay_seconds: how long each reply is held back.
        cuts: how many connections ``cut_after`` has cut.
        connections: how many connections were made in all.
    """

    def __init__(self, folder: str, target: str) -> None:
        self.socket: Final = f"{folder}/p"
        self.url: Final = url_of(self.socket)
        self.cut_after: deque[bytes] = deque()
        self.hold_after_cut = False
        self.refusals: deque[bytes] = deque()
        self.delay_seconds = 0.0
        self.cuts = 0
        self.connections = 0
        self._target = target
        self._passing = asyncio.Event()
        self._passing.set()
        self._idle = asyncio.Event()
        self._pairs: set[_Pair] = set()

    async def serve(self) -> asyncio.Server:
        """Begin to listen."""
        return await asyncio.start_unix_server(self._connect, self.socket)

    def blackhole(self) -> None:
        """Pass nothing on in either direction, and say so to nobody; connections stay and new ones are taken."""
        self._passing.clear()

    def lift(self) -> None:
        """End the black hole. What was swallowed is passed on late, as a network may do."""
        self._passing.set()

    def deafen(self) -> int:
        """Make a black hole of the connections that stand, and of no later one; answer how many there are."""
        for pair in self._pairs:
            pair.passing = asyncio.Event()
        return len(self._pairs)

    def cut_all(self) -> None:
        """Cut the connections that stand."""
        for pair in tuple(self._pairs):
            pair.cut()

    async def close(self) -> None:
        """Cut everything and wait until nothing is left of it."""
        self.lift()
        while self._pairs:
            self._idle.clear()
            for pair in self._pairs:
                pair.passing.set()
            self.cut_all()
            await self._idle.wait()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            to_server = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        pair = _Pair((reader, writer), to_server, self._passing)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._forward(pair), self._answer(pair))
        finally:
            pair.cut()
            self._pairs.discard(pair)
            self._idle.set()

    async def _forward(self, pair: _Pair) -> None:
        async for data in pair.read(pair.client[0]):
            if self.refusals and b"HELLO" not in data and b"CLIENT" not in data:
                pair.client[1].write(self.refusals.popleft())
                continue
            # One that is to be cut uses up no more, however often and in how many pieces a command says it.
            if self.cut_after and not pair.doomed and pair.hears(self.cut_after[0], data):
                self.cut_after.popleft()
                pair.doomed = True
            pair.server[1].write(data)
        pair.cut()

    async def _answer(self, pair: _Pair) -> None:
        async for data in pair.read(pair.server[0]):
            if pair.doomed:
                self.cuts += 1
                if self.hold_after_cut:
                    self.blackhole()
                break
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            pair.client[1].write(data)
        pair.cut()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Pair:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, client: Streams, server: Streams, passing: asyncio.Event) -> None:
        self.client, self.server = client, server
        self.passing = passing
        self.doomed = False
        self._heard = b""

    def hears(self, mark: bytes, data: bytes) -> bool:
        """Whether what the client has sent so far, *data* the last of it, contains *mark*."""
        heard = self._heard + data
        self._heard = heard[1 - len(mark) :]
        return mark in heard

    async def read(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        """What comes, as long as it is passed on."""
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await self.passing.wait()
                yield data

    def cut(self) -> None:
        """End both connections at once."""
        for _, writer in (self.client, self.server):
            writer.transport.abort()


@asynccontextmanager
async def proxied(target: str) -> AsyncIterator[Proxy]:
    """A proxy before the unix socket *target*."""
    folder = tempfile.mkdtemp(prefix="proxy-")
    proxy = Proxy(folder, target)
    server = await proxy.serve()
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        shutil.rmtree(folder, ignore_errors=True)
